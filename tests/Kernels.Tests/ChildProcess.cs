using System.Diagnostics;

namespace Kernels.Tests;

/// <summary>
/// This assembly in a process of its own, and its entry point: the host variants on a lesser processor
/// (<see cref="InstructionSetProof"/>), or the PTX of kernels (<see cref="PtxListing"/>) where their names are given.
/// </summary>
internal static class ChildProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static int Main(string[] kernels) => kernels.Length == 0 ? InstructionSetProof.Run() : PtxListing.Run(kernels);

    /// <summary>Runs it; gives up, and fails the test, when it takes minutes.</summary>
    /// <param name="kernels">What <see cref="Main"/> takes.</param>
    /// <param name="withoutInstructionSets">Switches of the runtime to set to 0.</param>
    public static async Task<(int ExitCode, string Output)> Run(
        IEnumerable<string> kernels, params IReadOnlyList<string> withoutInstructionSets)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(ChildProcess).Assembly.Location, .. kernels])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("DPT_SIMD");
        foreach (var name in withoutInstructionSets)
        {
            start.Environment["DOTNET_" + name] = "0";
        }

        using var child = Process.Start(start)!;
        var output = child.StandardOutput.ReadToEndAsync();
        var errors = child.StandardError.ReadToEndAsync();
        using var tooLong = new CancellationTokenSource(Patience);
        try
        {
            await child.WaitForExitAsync(tooLong.Token);
        }
        catch (OperationCanceledException)
        {
            child.Kill(entireProcessTree: true);
            Assert.Fail($"the child did not end within {Patience}");
        }

        return (child.ExitCode, await output + await errors);
    }
}
