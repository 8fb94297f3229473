using System.Text.Json;
using DPT.Engine.Cli;
using DPT.Engine.Kernels;
using DPT.Engine.Ptx;

namespace Cli.Tests;

/// <summary>The kernel verbs read the registry: what is registered is listed and can be proven.</summary>
public sealed class KernelVerbTests
{
    [Test]
    public void List_ShowsEveryVariant_WithOneDefaultForAnOperatorOnHost()
    {
        var run = CommandLine.Run("kernels", "list");
        var lines = run.Out.TrimEnd().Split('\n');
        Assert.That(lines, Has.Length.EqualTo(KernelRegistry.Operators.Sum(o => o.Variants.Count)));
        foreach (var op in KernelRegistry.Operators)
        {
            Assert.That(lines.Count(l => l.StartsWith($"*  {op.Name}/", StringComparison.Ordinal) && l.Contains(" host ")), Is.EqualTo(1), op.Name);
        }
    }

    [Test]
    public void List_SaysWhatNeverRanOnACard()
    {
        var lines = CommandLine.Run("kernels", "list", "matmul").Out.TrimEnd().Split('\n');
        Assert.That(lines.Single(l => l.Contains("matmul/host-v2-packed")), Does.Contain(" proven here "));
        var onCards = lines.Where(l => l.Contains(" cuda+sim ")).ToList();
        Assert.That(onCards, Is.Not.Empty);
        foreach (var line in onCards)
        {
            var id = line.TrimStart('*', ' ').Split(' ')[0];
            Assert.That(line, Does.Contain(HardwareProofs.DeviceOf(id) is { } card ? $" proven on {card} " : " unproven on hardware "));
        }
    }

    [Test]
    public void List_Json_IsAnArray()
    {
        var run = CommandLine.Run("kernels", "list", "layernorm", "--json");
        using var document = JsonDocument.Parse(run.Out);
        var ids = document.RootElement.EnumerateArray().Select(v => v.GetProperty("id").GetString());
        Assert.That(ids, Is.Not.Empty.And.All.StartsWith("layernorm"));
    }

    /// <summary>A name is an operator, whatever others begin with it; the start of a name is all of them.</summary>
    [TestCase("matmul", "matmul/", false)]
    [TestCase("MatMul.bf16", "matmul.bf16/", false)]
    [TestCase("matmu", "matmul.bf16/", true)]
    [TestCase("matmul/v1", "matmul/v1-naive", false)]
    public void List_OfANameThatAnotherBeginsWith_IsThatOperator(string pattern, string id, bool hasOthers)
    {
        var lines = CommandLine.Run("kernels", "list", pattern).Out.TrimEnd().Split('\n');
        Assert.That(lines.Any(l => l[3..].StartsWith(id, StringComparison.Ordinal)));
        Assert.That(lines.Any(l => !l[3..].StartsWith(id, StringComparison.Ordinal)), Is.EqualTo(hasOthers));
    }

    [Test]
    public void Test_OfOneVariant_ProvesIt()
    {
        var run = CommandLine.Run("kernels", "test", "layernorm.forward/host-v1-simd", "--device", "host");
        Assert.That(run.Code, Is.Zero, run.Out + run.Err);
        Assert.That(run.Out, Does.Match(@"^ok +layernorm\.forward/host-v1-simd +\d+ cases +\d+ of them hard\n$"));
    }

    [Test]
    public void Test_OfOneCase_ProvesThatOne()
    {
        var run = CommandLine.Run("kernels", "test", "softmax/host", "--case", "rows=3 classes=8 ", "--device", "host");
        Assert.That(run.Out, Does.Match(@"^ok +softmax/host\S+ +1 cases\n$"), run.Err);
    }

    [Test]
    public void Test_AgainstAnotherDevice_CountsOtherBits()
    {
        var run = CommandLine.Run(
            "kernels", "test", "axpby/v1", "--case", "count=31 ", "--device", "sim", "--against", "sim", "--json");
        Assert.That(run.Code, Is.Zero, run.Err);
        using var document = JsonDocument.Parse(run.Out);
        Assert.That(document.RootElement[0].GetProperty("otherBits").GetArrayLength(), Is.Zero);
    }

    [Test]
    public void Test_Replay_RunsTheCasesOfTheFile()
    {
        using var folder = new TemporaryFolder();
        var kernelCase = KernelRegistry.Find("softmax").Cases().First();
        var file = Path.Combine(folder.Path, "failures.json");
        File.WriteAllText(file, JsonText.Of(new[] { new FailedProof("softmax/host-v1-simd", kernelCase.Label, 5, "host", ["wrong"]) }));
        var run = CommandLine.Run("kernels", "test", "--replay", file);
        Assert.That((run.Code, run.Out), Is.EqualTo((0, "ok  softmax/host-v1-simd  1 cases\n")), run.Err);
    }

    [Test]
    public void Test_ReplayOfAnythingElse_IsAUsageError()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "failures.json");
        File.WriteAllText(file, "[{}]");
        var run = CommandLine.Run("kernels", "test", "--replay", file);
        Assert.That(run.Code, Is.EqualTo(ExitCodes.Usage));
        Assert.That(run.Err, Does.Contain("--replay"));
    }

    [Test]
    public void Ptx_OfAVariant_IsPtxWithTheCountsAsComments()
    {
        var run = CommandLine.Run("kernels", "ptx", "softmax/v1", "--arch", "sm_90a");
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Contain(".target sm_90a\n").And.Match(@"(?m)^// instructions +\d+$")
            .And.Match(@"(?m)^\t\.loc 1 \d+ 0$").And.Match(@"(?m)^\.file 1 ""SoftmaxWarp\.cs""$"));
        Assert.That(PtxParser.Parse(run.Out).Entry.Instructions, Is.Not.Empty);
    }

    [Test]
    public void Ptx_Diff_ShowsWhatChangedAndBothCounts()
    {
        var run = CommandLine.Run("kernels", "ptx", "attention.forward/v1", "--diff", "attention.forward/v2");
        Assert.That(run.Out, Does.StartWith("--- attention.forward/v1").And.Match(@"(?m)^dynamic shared bytes +0 +[1-9]"));
        var same = CommandLine.Run("kernels", "ptx", "softmax/v1", "--diff", "softmax/v1", "--json");
        using var document = JsonDocument.Parse(same.Out);
        Assert.That(document.RootElement.GetProperty("diff").GetArrayLength(), Is.Zero);
        Assert.That(document.RootElement.GetProperty("kernels")[0].GetProperty("report").GetProperty("localAccesses").GetInt32(), Is.Zero);
    }

    [TestCase("softmax/host", "no kernel for GPUs")]
    [TestCase("attention", "several kernels")]
    [TestCase("attentoin", "attention")]
    public void Ptx_OfSomethingElse_IsAUsageError(string pattern, string expected)
    {
        foreach (var verb in new[] { "ptx", "sass" })
        {
            var run = CommandLine.Run("kernels", verb, pattern);
            Assert.That(run.Code, Is.EqualTo(ExitCodes.Usage), verb);
            Assert.That(run.Err, Does.Contain(expected), verb);
        }
    }

    [TestCase("ptx")]
    [TestCase("sass")]
    [TestCase("sim")]
    [TestCase("assemble")]
    public void Architecture_ThatDoesNotExist_IsAUsageError(string verb)
    {
        var run = CommandLine.Run("kernels", verb, "softmax/v1", "--arch", "sm_99");
        Assert.That((run.Code, run.Err), Is.EqualTo((ExitCodes.Usage, "error: there is no architecture 'sm_99'; there are sm_80, sm_90a\n")));
    }

    [Test]
    public void Sass_WithoutTheAssembler_SaysHowToGetIt()
    {
        using var folder = new TemporaryFolder();
        using var variable = new EnvironmentVariable(CudaTool.Variable, folder.Path);
        var run = CommandLine.Run("kernels", "sass", "softmax/v1");
        Assert.That(
            (run.Code, run.Out, run.Err),
            Is.EqualTo((ExitCodes.Environment, "", $"error: DPT_CUDA_BIN names {folder.Path}, where there is no ptxas\n")));
        Assert.That(CommandLine.Run("doctor").Out, Does.Contain($"not usable: DPT_CUDA_BIN names {folder.Path}, where there is no ptxas"));
    }

    [Test]
    public void Assemble_MakesAnArchive_WhichListAndDoctorFind()
    {
        RequireTheAssembler();
        using var folder = new TemporaryFolder();
        var file = folder.File("cubins.zip");
        var run = CommandLine.Run("kernels", "assemble", "softmax", "--out", file);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Match(@"(?m)^cubins +\d+$").And.Contain(file));
        using var variable = new EnvironmentVariable(CubinArchive.Variable, file);
        Assert.That(CommandLine.Run("kernels", "list", "softmax").Out, Does.Match(@"softmax/v1\S+ .* cubins for sm_80, sm_90a ").And.Match(@"softmax/host-v1"));
        Assert.That(CommandLine.Run("kernels", "list", "matmul").Out, Does.Match(@"matmul/v1-naive .* compiled by the driver "));
        Assert.That(CommandLine.Run("doctor").Out, Does.Match($@"(?m)^machine code +\d+ cubins for sm_80 and sm_90a in {file}$"));
    }

    [Test]
    public void Assemble_WithoutTheAssembler_SaysHowToGetItAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        using var variable = new EnvironmentVariable(CudaTool.Variable, folder.Path);
        var run = CommandLine.Run("kernels", "assemble", "softmax/v1", "--out", folder.File("cubins.zip"));
        Assert.That(
            (run.Code, run.Out, run.Err),
            Is.EqualTo((ExitCodes.Environment, "", $"error: DPT_CUDA_BIN names {folder.Path}, where there is no ptxas\n")));
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Empty);
    }

    [Test]
    public void Cubins_OfAFileThatIsNone_AreAnErrorOfTheEnvironment()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("cubins.zip"), "no zip");
        using var variable = new EnvironmentVariable(CubinArchive.Variable, folder.File("cubins.zip"));
        var run = CommandLine.Run("kernels", "list", "softmax");
        Assert.That(run.Code, Is.EqualTo(ExitCodes.Environment));
        Assert.That(run.Err, Does.StartWith($"error: {folder.File("cubins.zip")} is no archive of cubins: ").And.Contain("kernels assemble"));
        Assert.That(CommandLine.Run("doctor").Out, Does.Contain("is no archive of cubins"));
    }

    [Test]
    public void Sass_OfAVariant_HasCountsForEveryArchitectureAndCodeForOne()
    {
        RequireTheAssembler();
        var run = CommandLine.Run("kernels", "sass", "softmax/v1", "--arch", "sm_90a");
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(
            run.Out,
            Does.Match(@"(?m)^architecture +sm_80 +sm_90a$").And.Match(@"(?m)^registers +\d+ +\d+$").And.Match(@"(?m)^spilled bytes +0 +0$")
                .And.Match(@"(?m)^limited by +\w")
                .And.Match(@"(?m)^bound by +\w").And.Match(@"(?m)^  \w.* +100 % +100 %$")
                .And.Match(@"(?m)^loop [0-9a-f]{4,}\.\.[0-9a-f]{4,}, \d+ %: \d+ instructions, ")
                .And.Match(@"(?m)^  [0-9a-f]{4,}  [0-5-]{6}:[0-5-]:[0-5-]:[Y-]:\d\d  LDG\.E .*// \w+\.cs:\d+$"));
        Assert.That(run.Out.Split('\n').Count(l => l.Contains("  EXIT")), Is.Positive);
        var loops = CommandLine.Run("kernels", "sass", "softmax/v1", "--arch", "sm_90a", "--loop");
        Assert.That(loops.Out, Does.Contain("loop ").And.Contain("  LDG.E ").And.Not.Contain("  EXIT"));
    }

    [Test]
    public void Sass_Diff_ShowsWhatChangedAndBothCounts()
    {
        RequireTheAssembler();
        var run = CommandLine.Run("kernels", "sass", "activation/v1", "--diff", "activation/v2", "--loop");
        Assert.That(run.Out, Does.StartWith("--- activation/v1").And.Match(@"(?m)^architecture( +sm_80 +sm_90a){2,}$"), run.Err);
        using var document = JsonDocument.Parse(CommandLine.Run("kernels", "sass", "softmax/v1", "--diff", "softmax/v1", "--json").Out);
        Assert.That(document.RootElement.GetProperty("diff").GetArrayLength(), Is.Zero);
        var kernel = document.RootElement.GetProperty("kernels")[0];
        Assert.That(kernel.GetProperty("spilledBytes").GetInt32(), Is.Zero);
        Assert.That(kernel.GetProperty("occupancy").GetProperty("warps").GetInt32(), Is.InRange(1, 64));
        Assert.That(kernel.GetProperty("loops")[0].GetProperty("mix").GetProperty("LDG").GetInt32(), Is.Positive);
    }

    private static void RequireTheAssembler()
    {
        if (PtxAssembler.WhyNot is { } reason)
        {
            Assert.Ignore(reason);
        }
    }

    [Test]
    public void Sim_OfAnOperator_IsALineForEveryVariant()
    {
        var run = CommandLine.Run("kernels", "sim", "attention.forward", "--case", "B=2 L=65 H=1");
        var variants = KernelRegistry.Find("attention.forward").Variants.Count(v => v is IGpuVariant);
        Assert.That(run.Out.TrimEnd().Split('\n'), Has.Length.EqualTo(variants + 1), run.Err);
    }

    [Test]
    public void Sim_OfAVariant_EndsWithAVerdict()
    {
        var run = CommandLine.Run("kernels", "sim", "softmax/v1", "--case", "rows=3 classes=8 ");
        Assert.That(run.Out, Does.Match(@"(?m)^lane instructions +\d+$").And.Match(@"(?m)^\* \w"), run.Err);
    }

    [Test]
    public void Bench_OfAVariant_GivesRatesAndAPlot()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.Run(
            "kernels", "bench", "softmax/host", "--device", "host", "--case", "rows=3 classes=8 ", "--seconds", "0.01",
            "--json", "--plot", folder.File("bench.html"));
        Assert.That(run.Code, Is.Zero, run.Err);
        using var document = JsonDocument.Parse(run.Out);
        var result = document.RootElement.GetProperty("results")[0];
        Assert.That(result.GetProperty("id").GetString(), Does.StartWith("softmax/host"));
        Assert.That(result.GetProperty("seconds").GetDouble(), Is.Positive);
        Assert.That(File.ReadAllText(folder.File("bench.html")), Does.Contain("<polyline"));
    }

    [Test]
    public void Bench_OnTheSimulator_IsAUsageError()
    {
        var run = CommandLine.Run("kernels", "bench", "softmax", "--device", "sim");
        Assert.That(run.Code, Is.EqualTo(ExitCodes.Usage));
        Assert.That(run.Err, Does.Contain("no speed"));
    }

    [Test]
    public void Doctor_NamesEveryDeviceAndWhy()
    {
        var run = CommandLine.Run("doctor");
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Match("(?m)^host +usable: host, ").And.Match("(?m)^cuda +not usable: "));
    }

    [Test]
    public void Tune_OfAnOperator_NotesTheFastestForLaterRuns()
    {
        using var folder = new TemporaryFolder();
        using var variable = new EnvironmentVariable(TuningCache.Variable, folder.File("tuning.json"));
        var run = CommandLine.Run(
            "kernels", "tune", "attention.forward/host", "--case", "L=66", "--device", "host", "--seconds", "0.001", "--json");
        Assert.That(run.Code, Is.Zero, run.Err);
        using var document = JsonDocument.Parse(run.Out);
        var noted = document.RootElement.EnumerateArray().Select(t => t.GetProperty("id").GetString()).ToList();
        Assert.That(noted, Is.Not.Empty.And.All.StartsWith("attention.forward/host"));
        using var written = JsonDocument.Parse(File.ReadAllText(folder.File("tuning.json")));
        Assert.That(written.RootElement.GetProperty("entries").GetArrayLength(), Is.GreaterThan(0));
    }

    [Test]
    public void Tune_OverAForeignFile_LeavesItAlone()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("tuning.json"), "precious");
        using var variable = new EnvironmentVariable(TuningCache.Variable, folder.File("tuning.json"));
        var run = CommandLine.Run("kernels", "tune", "softmax", "--device", "host", "--seconds", "0.001");
        Assert.That(run.Code, Is.Not.Zero);
        Assert.That(run.Err, Does.Contain("is not a usable tuning cache"));
        Assert.That(File.ReadAllText(folder.File("tuning.json")), Is.EqualTo("precious"));
    }
}
