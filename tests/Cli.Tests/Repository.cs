namespace Cli.Tests;

/// <summary>Finds the files of the checkout that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string File(string name) => Path.Combine(Root, name);

    private static string FindRoot()
    {
        var folder = TestContext.CurrentContext.TestDirectory;
        while (!System.IO.File.Exists(Path.Combine(folder, "DPT.Engine.sln")))
        {
            folder = Path.GetDirectoryName(folder)
                ?? throw new InvalidOperationException("the tests do not run inside a checkout");
        }

        return folder;
    }
}
