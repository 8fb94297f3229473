using System.Text.RegularExpressions;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Cli.Tests;

/// <summary>
/// Which folder of a layer uses which: from the compiled types, whose folders the debugging symbols tell. An edge names one
/// pair of types that makes it.
/// </summary>
internal sealed class FolderDependencies
{
    /// <summary>Namespace of the internal types that are made of <c>*.proto</c>.</summary>
    public const string OfMessages = "DPT.Engine.Dpt.Messages";

    private readonly Dictionary<string, string> _folders = [];
    private readonly SortedDictionary<(string From, string To), string> _edges = [];

    /// <summary>Reads a layer.</summary>
    /// <param name="assembly">Path of its assembly, with symbols beside or inside it.</param>
    /// <param name="sources">Folder of its sources.</param>
    public FolderDependencies(string assembly, string sources)
    {
        using var module = ModuleDefinition.ReadModule(
            assembly, new ReaderParameters { ReadSymbols = true, AssemblyResolver = Resolver(assembly) });
        var files = Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories)
            .Where(f => !Path.GetRelativePath(sources, f).StartsWith("obj", StringComparison.Ordinal))
            .ToDictionary(f => f, File.ReadAllText);
        foreach (var type in module.Types.Where(IsWritten))
        {
            // Types without code have no symbols: their declaration is looked up.
            var file = DocumentOf(type) ?? files.Single(f => Declares(f.Value, type.Name.Split('`')[0])).Key;
            _folders[type.FullName] = Path.GetDirectoryName(Path.GetRelativePath(sources, file))!;
        }

        foreach (var type in module.Types)
        {
            AddEdges(type, type);
        }
    }

    /// <summary>The edges between folders, each with a pair of types that makes it.</summary>
    public IReadOnlyDictionary<(string From, string To), string> Edges => _edges;

    /// <summary>Groups of folders that use each other round about, with the edges inside them.</summary>
    public IEnumerable<string> Cycles()
    {
        var reach = _edges.Keys.SelectMany(e => new[] { e.From, e.To }).Distinct().ToDictionary(f => f, Reachable);
        return _edges
            .Where(e => reach[e.Key.To].Contains(e.Key.From))
            .Select(e => $"{e.Key.From} -> {e.Key.To}: {e.Value}");
    }

    /// <summary>Whether somebody wrote the type, and not a compiler: that of C#, or of the messages in <c>*.proto</c>.</summary>
    private static bool IsWritten(TypeDefinition type) =>
        type.Namespace.StartsWith("DPT.Engine", StringComparison.Ordinal)
        && type.Namespace != OfMessages
        && !type.Name.StartsWith('<');

    private static bool Declares(string source, string type) =>
        Regex.IsMatch(source, $@"\b(class|struct|record|interface|enum|delegate [^ ]+) {type}\b");

    private static DefaultAssemblyResolver Resolver(string assembly)
    {
        var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(Path.GetDirectoryName(assembly));
        return resolver;
    }

    private HashSet<string> Reachable(string folder)
    {
        var reached = new HashSet<string>();
        var open = new Stack<string>([folder]);
        while (open.TryPop(out var at))
        {
            foreach (var (from, to) in _edges.Keys.Where(e => e.From == at && reached.Add(e.To)))
            {
                open.Push(to);
            }
        }

        return reached;
    }

    private static string? DocumentOf(TypeDefinition type) => type.Methods
        .SelectMany(m => m.DebugInformation.SequencePoints)
        .Select(p => p.Document.Url)
        .FirstOrDefault(url => !url.Contains("/obj/", StringComparison.Ordinal))
        ?? type.NestedTypes.Select(DocumentOf).FirstOrDefault(url => url is not null);

    private void AddEdges(TypeDefinition owner, TypeDefinition type)
    {
        Use(owner, type.BaseType);
        foreach (var used in type.Interfaces.Select(i => i.InterfaceType)
            .Concat(type.Fields.Select(f => f.FieldType))
            .Concat(type.CustomAttributes.Select(a => a.AttributeType)))
        {
            Use(owner, used);
        }

        foreach (var method in type.Methods)
        {
            Use(owner, method);
            foreach (var variable in method.Body?.Variables ?? [])
            {
                Use(owner, variable.VariableType);
            }

            foreach (var instruction in method.Body?.Instructions ?? [])
            {
                Use(owner, instruction);
            }
        }

        foreach (var nested in type.NestedTypes)
        {
            AddEdges(owner, nested);
        }
    }

    private void Use(TypeDefinition owner, Instruction instruction)
    {
        switch (instruction.Operand)
        {
            case TypeReference type:
                Use(owner, type);
                break;
            case MethodReference method:
                Use(owner, method.DeclaringType);
                Use(owner, method);
                break;
            case FieldReference field:
                Use(owner, field.DeclaringType);
                break;
        }
    }

    private void Use(TypeDefinition owner, MethodReference method)
    {
        Use(owner, method.ReturnType);
        foreach (var parameter in method.Parameters)
        {
            Use(owner, parameter.ParameterType);
        }

        foreach (var argument in (method as GenericInstanceMethod)?.GenericArguments ?? [])
        {
            Use(owner, argument);
        }
    }

    private void Use(TypeDefinition owner, TypeReference? used)
    {
        if (used is null)
        {
            return;
        }

        foreach (var argument in (used as GenericInstanceType)?.GenericArguments ?? [])
        {
            Use(owner, argument);
        }

        var type = used.GetElementType();
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        if (_folders.TryGetValue(owner.FullName, out var from) && _folders.TryGetValue(type.FullName, out var to) && from != to)
        {
            _edges.TryAdd((from, to), $"{owner.Name} uses {type.Name}");
        }
    }
}
