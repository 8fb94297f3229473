using System.Reflection;

namespace DPT.Engine.Dpt;

/// <summary>What ran, where and on what: <c>run.json</c>, schema 1. With it a run can be repeated and compared.</summary>
public sealed record RunRecord
{
    /// <summary>Version of this schema.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>Version of the engine.</summary>
    public string Engine { get; init; } = EngineVersion;

    /// <summary>Commit the engine was built from; null if the build did not know.</summary>
    public string? Commit { get; init; } = EngineCommit;

    /// <summary>Start of the run, in UTC.</summary>
    public required DateTime Started { get; init; }

    /// <summary>The command line, word by word.</summary>
    public required IReadOnlyList<string> CommandLine { get; init; }

    /// <summary>Device in words, and why it was chosen.</summary>
    public required string Device { get; init; }

    /// <summary>Operating system and runtime.</summary>
    public string Platform { get; init; } =
        $"{System.Runtime.InteropServices.RuntimeInformation.OSDescription}, {System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription}";

    /// <summary>Variant chosen for each operator, and why.</summary>
    public required IReadOnlyDictionary<string, string> Kernels { get; init; }

    /// <summary>Seed of the run.</summary>
    public required int Seed { get; init; }

    /// <summary>Hashes of the data, by name: train, test, labels.</summary>
    public required IReadOnlyDictionary<string, string> DataHashes { get; init; }

    /// <summary>Version of this engine, e.g. <c>0.1.0</c>.</summary>
    public static string EngineVersion { get; } = InformationalVersion.Split('+')[0];

    /// <summary>Commit this engine was built from; null if the build did not know.</summary>
    public static string? EngineCommit { get; } = InformationalVersion.Split('+') is [_, var commit] ? commit : null;

    private static string InformationalVersion =>
        typeof(RunRecord).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
