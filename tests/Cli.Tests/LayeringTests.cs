using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace Cli.Tests;

/// <summary>The layers of the engine, Ptx &lt;- Kernels &lt;- Autograd &lt;- Dpt &lt;- Cli, read from projects and assemblies.</summary>
public sealed class LayeringTests
{
    /// <summary>From the bottom up: each is built on the one before it.</summary>
    private static readonly string[] Layers = ["Ptx", "Kernels", "Autograd", "Dpt", "Cli"];

    private static readonly string Root = FindRoot();

    [Test]
    public void Projects_EachLayer_ReferencesTheLayerBelowAndNothingElse()
    {
        for (var i = 0; i < Layers.Length; i++)
        {
            var project = Path.Combine(Root, "src", Layers[i], Layers[i] + ".csproj");
            Assert.That(Items(project, "ProjectReference"), Is.EqualTo(i == 0 ? [] : new[] { Layers[i - 1] }), project);
        }
    }

    [Test]
    public void Sources_EveryFolder_IsALayer() => Assert.That(
        Directory.GetFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(Path.GetFileNameWithoutExtension),
        Is.EquivalentTo(Layers));

    [TestCase("Ptx")]
    [TestCase("Kernels")]
    [TestCase("Autograd")]
    [TestCase("Dpt")]
    [TestCase("Cli")]
    public void Assembly_OfALayer_UsesLowerLayersOnly(string layer) => Assert.That(
        AssemblyReferences(layer).Where(name => name.StartsWith("DPT.Engine.", StringComparison.Ordinal)),
        Is.SubsetOf(Layers.TakeWhile(l => l != layer).Select(AssemblyName)));

    [TestCase("Ptx", "ILGPU", "CommandLine", "Spectre.Console", "ScottPlot", "SkiaSharp")]
    [TestCase("Kernels", "CommandLine", "Spectre.Console", "ScottPlot", "SkiaSharp")]
    [TestCase("Autograd", "ILGPU", "CommandLine", "Spectre.Console", "ScottPlot", "SkiaSharp")]
    [TestCase("Dpt", "ILGPU", "CommandLine", "Spectre.Console", "ScottPlot")]
    [TestCase("Cli", "ILGPU")]
    public void Assembly_OfALayer_StaysAwayFromPackagesOfOtherLayers(string layer, params string[] packages) => Assert.That(
        AssemblyReferences(layer).Where(name => packages.Any(p => name.StartsWith(p, StringComparison.Ordinal))), Is.Empty);

    [TestCase("Ptx")]
    [TestCase("Kernels")]
    [TestCase("Autograd")]
    [TestCase("Dpt")]
    public void Assembly_BelowTheApplication_NeverTouchesTheConsole(string layer)
    {
        using var file = OpenAssembly(layer);
        var metadata = file.GetMetadataReader();
        var types = metadata.TypeReferences
            .Select(metadata.GetTypeReference)
            .Select(t => $"{metadata.GetString(t.Namespace)}.{metadata.GetString(t.Name)}");
        Assert.That(types, Has.None.EqualTo("System.Console"));
    }

    [TestCase("Ptx")]
    [TestCase("Kernels")]
    [TestCase("Autograd")]
    [TestCase("Dpt")]
    public void Assembly_OfALibrary_HasOneNamespace(string layer)
    {
        using var file = OpenAssembly(layer);
        var metadata = file.GetMetadataReader();
        var namespaces = metadata.TypeDefinitions
            .Select(metadata.GetTypeDefinition)
            .Where(t => t.GetDeclaringType().IsNil && !metadata.GetString(t.Name).StartsWith('<'))
            .Select(t => metadata.GetString(t.Namespace))
            .Where(n => !n.StartsWith("System.", StringComparison.Ordinal) && !n.StartsWith("Microsoft.", StringComparison.Ordinal))
            .Where(n => n != FolderDependencies.OfMessages);
        Assert.That(namespaces.Distinct(), Is.SubsetOf(new[] { AssemblyName(layer) }));
    }

    [TestCase("Ptx")]
    [TestCase("Kernels")]
    [TestCase("Autograd")]
    [TestCase("Dpt")]
    [TestCase("Cli")]
    public void Folders_OfALayer_HaveNoCycles(string layer)
    {
        var folders = new FolderDependencies(PathOf(layer), Path.Combine(Root, "src", layer));
        Assert.That(folders.Edges, Is.Not.Empty, "no edge was found");
        Assert.That(folders.Cycles(), Is.Empty);
    }

    [Test]
    public void TorchSharp_OutsideTheDifferentialTestsAndBenchmarks_IsNotUsed()
    {
        string[] allowed = ["Differential.Tests", "Perf"];
        var users = new[] { "src", "tests", "perf", "samples" }
            .Select(folder => Path.Combine(Root, folder))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.GetFiles(folder, "*.csproj", SearchOption.AllDirectories))
            .Where(project => File.ReadAllText(project).Contains("TorchSharp", StringComparison.OrdinalIgnoreCase))
            .Select(Path.GetFileNameWithoutExtension);
        Assert.That(users, Is.SubsetOf(allowed));
    }

    private static string AssemblyName(string layer) => "DPT.Engine." + layer;

    private static IEnumerable<string?> Items(string project, string kind) => XDocument.Load(project)
        .Descendants(kind)
        .Select(item => Path.GetFileNameWithoutExtension((string?)item.Attribute("Include")));

    private static List<string> AssemblyReferences(string layer)
    {
        using var file = OpenAssembly(layer);
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(r => metadata.GetString(metadata.GetAssemblyReference(r).Name))];
    }

    private static PEReader OpenAssembly(string layer) => new(File.OpenRead(PathOf(layer)));

    private static string PathOf(string layer) => Path.Combine(AppContext.BaseDirectory, AssemblyName(layer) + ".dll");

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "DPT.Engine.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("the tests run outside the repository");
    }
}
