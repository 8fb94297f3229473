using System.Diagnostics;

namespace Kernels.Tests;

/// <summary>
/// The kernels on lesser processors: a child process with instruction sets switched off proves every operator at the
/// width that such a processor gets by default.
/// </summary>
public sealed class InstructionSetTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [TestCase("EnableAVX512", "EnableAVX512F")]
    [TestCase("EnableAVX2")]
    [TestCase("EnableHWIntrinsic")]
    public void Operators_WithoutInstructionSet_StillProve(params string[] switches)
    {
        var (exitCode, output) = RunProof(switches);
        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output, Does.Contain(switches[0] == "EnableAVX512" ? " 512-bit: no" : " 256-bit: no"));
        Assert.That(output, Does.Match(@"\d+ cases proven"));
    }

    private static (int ExitCode, string Output) RunProof(string[] switches)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(InstructionSetProof).Assembly.Location])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("DPT_SIMD");
        foreach (var name in switches)
        {
            start.Environment["DOTNET_" + name] = "0";
        }

        using var child = Process.Start(start)!;
        var output = child.StandardOutput.ReadToEndAsync();
        var errors = child.StandardError.ReadToEndAsync();
        if (!child.WaitForExit(Patience))
        {
            child.Kill(entireProcessTree: true);
            Assert.Fail($"the proof did not end within {Patience}");
        }

        return (child.ExitCode, output.Result + errors.Result);
    }
}
