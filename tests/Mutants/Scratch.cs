namespace Mutants;

/// <summary>Copies of the test projects' outputs in which assemblies are replaced; one set a worker.</summary>
internal sealed class Scratch
{
    private readonly string root;
    private readonly Dictionary<string, string> folders = [];

    public Scratch(int worker)
    {
        root = Path.Combine(Repository.Scratch, $"worker-{worker}");
        if (Directory.Exists(root))
        {
            Directory.Delete(root, recursive: true);
        }

        Directory.CreateDirectory(root);
    }

    /// <summary>Where this worker has a project's mutant compiled to.</summary>
    public string CompiledOf(string project) => Path.Combine(root, AssemblyOf(project));

    /// <summary>The copy of a test project's output, with the program that runs its tests beside it.</summary>
    public string FolderOf(string testProject)
    {
        if (!folders.TryGetValue(testProject, out var folder))
        {
            folder = Path.Combine(root, testProject);
            Copy(Repository.OutputOf(testProject), folder);
            File.Copy(typeof(Scratch).Assembly.Location, Path.Combine(folder, "Mutants.dll"));
            folders.Add(testProject, folder);
        }

        return folder;
    }

    /// <summary>Puts what was compiled in the place of its project's assembly.</summary>
    public void Plant(string testProject, string project) =>
        File.Copy(CompiledOf(project), Path.Combine(FolderOf(testProject), AssemblyOf(project)), overwrite: true);

    /// <summary>Puts the assembly of the build back.</summary>
    public void Restore(string testProject, string project) => File.Copy(
        Path.Combine(Repository.OutputOf(testProject), AssemblyOf(project)),
        Path.Combine(FolderOf(testProject), AssemblyOf(project)),
        overwrite: true);

    private static string AssemblyOf(string project) => $"DPT.Engine.{project}.dll";

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var folder in Directory.GetDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }
}
