using System.Reflection;

namespace DPT.Engine.Cli;

/// <summary>The version of the engine.</summary>
internal static class EngineVersion
{
    /// <summary>As <c>dpt --version</c> prints it.</summary>
    public static string Text { get; } =
        typeof(EngineVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];
}
