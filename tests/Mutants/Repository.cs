namespace Mutants;

/// <summary>Where things are: the root of the repository, and the build outputs below it.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Inside of the ignored build folder, so that tests which look for the sources above them find them.</summary>
    public static string Scratch { get; } = In("tests/Mutants/bin/Scratch");

    public static string ListFolder { get; } = In("tests/Mutants/Lists");

    public static string In(string path) => Path.Combine(Root, path);

    public static string OutputOf(string testProject) => In($"tests/{testProject}/bin/Release/net10.0");

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "DPT.Engine.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("mutants are tried inside of the repository");
    }
}
