namespace Kernels.Tests;

/// <summary>
/// The kernels on lesser processors: a child process with instruction sets switched off proves every operator at the
/// width that such a processor gets by default.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class InstructionSetTests
{
    [TestCase("EnableAVX512", "EnableAVX512F")]
    [TestCase("EnableAVX2")]
    [TestCase("EnableHWIntrinsic")]
    public async Task Operators_WithoutInstructionSet_StillProve(params string[] switches)
    {
        var (exitCode, output) = await ChildProcess.Run([], switches);
        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output, Does.Contain(switches[0] == "EnableAVX512" ? " 512-bit: no" : " 256-bit: no"));
        Assert.That(output, Does.Match(@"\d+ cases proven"));
    }
}
