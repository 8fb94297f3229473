namespace Cli.Tests;

/// <summary>How long the trials are: a sample in every test run, all of it with <c>TRIALS=long</c> in the environment.</summary>
internal static class Trials
{
    public static bool Long { get; } = Environment.GetEnvironmentVariable("TRIALS") == "long";
}
