using DPT.Engine.Cli;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Cli.Tests;

/// <summary>The table of exit codes, one line on standard error for each failure, and nothing on standard output.</summary>
public sealed class ExitCodeTests
{
    private static readonly (Exception Failure, int Code)[] Failures =
    [
        (new DptException(FailureKind.Usage, "why"), 2),
        (new DptException(FailureKind.Environment, "why"), 3),
        (new DptException(FailureKind.Check, "why"), 4),
        (new DptException(FailureKind.Diverged, "why"), 5),
        (new KernelException("why"), 2),
        (new DeviceException("why"), 3),
        (new OutOfMemoryException("why"), 3),
        (new IOException("why"), 3),
        (new InvalidDataException("why"), 4),
        (new UnauthorizedAccessException("why"), 3),
        (new InvalidOperationException("why"), 1),
        (new OperationCanceledException("why"), 130),
    ];

    public static IEnumerable<TestCaseData> Cases() =>
        Failures.Select(f => new TestCaseData(f.Failure, f.Code).SetArgDisplayNames($"{f.Failure.GetType().Name} {f.Code}"));

    [TestCaseSource(nameof(Cases))]
    public void Failure_OfTheWork_HasItsCode(Exception failure, int code)
    {
        using var folder = new TemporaryFolder();
        var engine = new FakeCommands { Work = (_, _) => throw failure };
        var run = CommandLine.Run(["run", "--quiet", "--out", folder.File("run")], engine);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(code));
            Assert.That(run.Out, Is.Empty);
            Assert.That(run.Err, Does.StartWith("error: "));
            Assert.That(run.Err.Split('\n'), Has.Length.EqualTo(2), "one line");
            Assert.That(run.Err, Does.Not.Contain("   at "));
        });
    }

    [Test]
    public void Memory_AllTaken_SaysWhatToLower()
    {
        using var folder = new TemporaryFolder();
        var engine = new FakeCommands { Work = (_, _) => throw new OutOfMemoryException("Out of memory.") };
        var run = CommandLine.Run(["run", "--quiet", "--out", folder.File("run")], engine);
        Assert.That(run.Err, Does.StartWith("error: Out of memory; if memory is short, lower batches"));
    }

    [Test]
    public void Failure_Verbose_ShowsWhere()
    {
        using var folder = new TemporaryFolder();
        var engine = new FakeCommands { Work = (_, _) => throw new InvalidOperationException("why") };
        var run = CommandLine.Run(["run", "--verbose", "--out", folder.File("run")], engine);
        Assert.That(run.Err, Does.Contain("   at "));
    }

    [TestCase("there is no verb 'rn'; did you mean 'run'?", "rn")]
    [TestCase("'kernels' needs a second word: kernels list or kernels test", "kernels")]
    [TestCase("there is no option '--sead'; did you mean '--seed'?", "run", "--sead", "3")]
    [TestCase("there is no option '-x'", "run", "-x")]
    [TestCase("--seed needs a value", "run", "--seed")]
    [TestCase("--seed needs a value", "run", "--seed", "--json")]
    [TestCase("--out is given twice", "run", "--out", "a", "--out", "b")]
    [TestCase("'again' is one word too many here", "run", "again")]
    [TestCase("--seed: seed is '-1', it must be a whole number from 0", "run", "--seed=-1")]
    [TestCase("--seed: seed is '0,1', it must be a whole number from 0", "run", "--seed", "0,1")]
    [TestCase("--device: device is 'gpu', it must be auto, host, cuda or sim", "run", "--device", "gpu")]
    [TestCase("--preset: there is no preset 'digit'; did you mean 'digits'?", "run", "--preset", "digit")]
    [TestCase("--set: 'seed' is not of the form key=value", "run", "--set", "seed")]
    [TestCase("generate works in a run folder", "generate")]
    [TestCase("give one", "run", "--out", "a", "--resume", "b")]
    [TestCase("give --resume DIR, or --out DIR", "run", "--overwrite")]
    [TestCase("--seeds: the range '5-1' runs backwards; write 1-5", "run", "--seeds", "5-1")]
    [TestCase("--seeds: 'a' is neither a seed nor a range", "run", "--seeds", "a")]
    [TestCase("--seeds: '' is neither a seed nor a range", "run", "--seeds", "1,,2")]
    [TestCase("--seeds: '1-2-3' is neither a seed nor a range", "run", "--seeds", "1-2-3")]
    [TestCase("--seeds: '-1' is neither a seed nor a range", "run", "--seeds=-1")]
    [TestCase("--seeds: '99999999999' is neither a seed nor a range", "run", "--seeds", "99999999999")]
    [TestCase("--seeds: seed 3 is named twice", "run", "--seeds", "1-5,3")]
    [TestCase("--seeds: that is more than 1000 seeds", "run", "--seeds", "0-2147483647")]
    [TestCase("--seeds: that is more than 1000 seeds", "run", "--seeds", "9,0-2147483647")]
    [TestCase("--seeds: that is more than 1000 seeds", "run", "--seeds", "1-1000,2000")]
    [TestCase("leave the single seed out", "run", "--seeds", "1-2", "--seed", "3")]
    [TestCase("leave the single seed out", "run", "--seeds", "1-2", "--set", "seed=3")]
    [TestCase("there is no option '--seeds'", "retrain", "--seeds", "1-2")]
    [TestCase("there is nothing to --overwrite", "evaluate", "--resume", "a", "--overwrite")]
    [TestCase("no kernel starts with 'layernorn'; did you mean 'layernorm'?", "kernels", "test", "layernorn")]
    [TestCase("--seed: seed is 'x'", "kernels", "test", "--seed", "x")]
    [TestCase("no setting starts with 'difusion'; did you mean 'diffusion'?", "config", "show", "difusion")]
    [TestCase("there is no operator 'matmull'", "run", "--kernels", "matmull=x", "--dry-run")]
    public void Usage_Wrong_Is2(string message, params string[] words)
    {
        var run = CommandLine.Run(words);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(ExitCodes.Usage));
            Assert.That(run.Err, Does.Contain(message));
            Assert.That(run.Out, Is.Empty);
            Assert.That(run.Engine.Requests, Is.Empty);
        });
    }

    [TestCase("--device cuda: ", "run", "--device", "cuda")]
    [TestCase(" has no tensor cores and would only be slower; use fp32, or --device cuda", "run", "--precision", "bf16", "--device", "host")]
    [TestCase("is not a run folder", "run", "--resume", "/nonexistent/run")]
    [TestCase("cannot read '/nonexistent.json'", "run", "--config", "/nonexistent.json")]
    public void Environment_Wrong_Is3(string message, params string[] words)
    {
        var run = CommandLine.Run(words);
        Assert.That(run.Code, Is.EqualTo(ExitCodes.Environment));
        Assert.That(run.Err, Does.Contain(message));
        Assert.That(run.Engine.Requests, Is.Empty);
    }
}
