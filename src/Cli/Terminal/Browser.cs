using System.ComponentModel;
using System.Diagnostics;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Shows pages in the user's browser.</summary>
internal static class Browser
{
    /// <summary>The variable that names it, as other tools understand it too; without it the desktop decides.</summary>
    public const string Variable = "BROWSER";

    /// <summary>Opens a file; does not wait until it is looked at.</summary>
    /// <param name="path">The page.</param>
    /// <param name="environment">The environment variables.</param>
    /// <exception cref="DptException">Environment: there is no browser to start.</exception>
    public static void Show(string path, IReadOnlyDictionary<string, string> environment)
    {
        var start = environment.GetValueOrDefault(Variable) is { Length: > 0 } browser
            ? new ProcessStartInfo(browser, [path])
            : new ProcessStartInfo(path) { UseShellExecute = true };
        try
        {
            using var process = Process.Start(start);
        }
        catch (Exception error) when (error is Win32Exception or FileNotFoundException)
        {
            throw new DptException(
                FailureKind.Environment, $"cannot show '{path}': {error.Message}; open it yourself, or name a browser in {Variable}", error);
        }
    }
}
