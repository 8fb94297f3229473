using System.Diagnostics;
using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>The script of <c>dpt completion</c>, run by bash itself as it would complete a line.</summary>
public sealed class CompletionTests
{
    private const string Shell = "/bin/bash";

    [OneTimeSetUp]
    public void RequireShell() => Assume.That(Shell, Does.Exist, "there is no bash here");

    [TestCase("dpt ke", "kernels")]
    [TestCase("dpt gen", "generate")]
    [TestCase("dpt kernels pt", "ptx")]
    [TestCase("dpt data in", "info")]
    [TestCase("dpt run --pre", "--preset --precision")]
    [TestCase("dpt run --seed 3 --roun", "--rounds")]
    [TestCase("dpt kernels sass --dif", "--diff")]
    [TestCase("dpt sample --run runs/1 --gui", "--guidance")]
    [TestCase("dpt generate --weights w --ini", "--init")]
    [TestCase("dpt generate --ini", "")]
    [TestCase("dpt nonsense --", "")]
    public void Line_IsCompleted(string line, string expected) => Assert.That(Complete(line), Is.EqualTo(expected));

    [Test]
    public void Verbs_AreAllThere()
    {
        var first = Complete("dpt ").Split(' ');
        Assert.That(first, Is.SupersetOf(VerbTable.All.Select(verb => verb.Name.Split(' ')[0]).Distinct()).And.Unique);
    }

    [Test]
    public void Zsh_HasTheSameBehindWhatItNeeds() =>
        Assert.That(CommandLine.Run("completion", "zsh").Out, Does.StartWith("autoload").And.EndWith(CommandLine.Run("completion", "bash").Out));

    [Test]
    public void OtherShells_AreRefused()
    {
        Assert.That(CommandLine.Run("completion").Err, Does.Contain("name the shell, bash or zsh"));
        Assert.That(CommandLine.Run("completion", "cmd.exe").Err, Does.Contain("there is none for 'cmd.exe'"));
    }

    private static string Complete(string line)
    {
        var words = line.Split(' ');
        var script = CommandLine.Run("completion", "bash").Out
            + $"COMP_WORDS=({string.Join(' ', words.Select(word => $"'{word}'"))}); COMP_CWORD={words.Length - 1}; _dpt; echo \"${{COMPREPLY[*]}}\"\n";
        using var process = Process.Start(new ProcessStartInfo(Shell, ["-u", "-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEnd(), process.StandardError.ReadToEnd());
        Assert.That((process.WaitForExit(10_000), errors), Is.EqualTo((true, "")));
        return output.TrimEnd('\n');
    }
}
