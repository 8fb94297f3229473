using System.Diagnostics;

namespace Perf;

/// <summary>
/// A run without AVX-512, as on a processor that has none: every side loses it by a switch of its own. They are read
/// when a process starts, so the run is a child of this one. Forcing the width of our kernels alone would not do: their
/// 256-bit code would keep the registers and instructions that AVX-512 adds.
/// </summary>
internal static class Avx2
{
    /// <summary>The option that asks for it.</summary>
    public const string Option = "--avx2";

    private static readonly (string Name, string Value)[] Switches =
    [
        ("DOTNET_EnableAVX512", "0"),
        ("MKL_ENABLE_INSTRUCTIONS", "AVX2"),
        ("ONEDNN_MAX_CPU_ISA", "AVX2"),
        ("ATEN_CPU_CAPABILITY", "avx2"),
    ];

    /// <summary>The switches in force, whoever set them.</summary>
    public static string Held
    {
        get
        {
            var held = Switches
                .Select(s => (s.Name, Value: Environment.GetEnvironmentVariable(s.Name)))
                .Where(s => s.Value is not null)
                .Select(s => $"{s.Name}={s.Value}")
                .ToList();
            return held.Count == 0 ? "none" : string.Join(", ", held);
        }
    }

    /// <summary>Runs this program again with the switches set and returns its exit code.</summary>
    public static int Run(IEnumerable<string> arguments)
    {
        // Started as `dotnet Perf.dll`, the process is dotnet and its first argument this program.
        var program = Environment.ProcessPath!;
        var start = Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? new ProcessStartInfo(program, arguments.Prepend(Environment.GetCommandLineArgs()[0]))
            : new ProcessStartInfo(program, arguments);
        foreach (var (name, value) in Switches)
        {
            start.Environment[name] = value;
        }

        using var child = Process.Start(start)!;
        child.WaitForExit();
        return child.ExitCode;
    }
}
