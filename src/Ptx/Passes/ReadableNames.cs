using System.Text.RegularExpressions;

namespace DPT.Engine.Ptx;

/// <summary>
/// Gives names that depend on the kernel alone. ILGPU numbers functions, parameters and labels from a counter of the
/// process, so the same kernel would have another text for every order of compilation.
/// </summary>
/// <remarks>
/// The entry is called after the kernel, labels are L0, L1… in order, files of source lines lose their folders, and everything else
/// loses its number. Parameters keep the underscore that ILGPU puts before the C# name: <c>min</c> or <c>set</c> alone are reserved words.
/// </remarks>
internal static partial class ReadableNames
{
    public static PtxModule Apply(PtxModule module, PtxKernel kernel)
    {
        var names = new Dictionary<string, string>();
        foreach (var function in module.Functions.Where(f => !names.ContainsKey(f.Name)))
        {
            names[function.Name] = Unused(
                names, function.IsEntry ? OtherThanWord().Replace(kernel.Name, "_") : WithoutNumber(function.Name));
        }

        return module with { Functions = [.. module.Functions.Select(f => Rename(f, names))] };
    }

    private static PtxFunction Rename(PtxFunction function, IReadOnlyDictionary<string, string> functions)
    {
        var names = new Dictionary<string, string>(functions);
        foreach (var parameter in function.Parameters.Concat(function.Results))
        {
            names[parameter.Name] = Unused(names, WithoutNumber(parameter.Name));
        }

        var labels = 0;
        foreach (var label in (function.Body ?? []).Select(LabelOf).OfType<string>())
        {
            names[label] = $"L{labels++}";
        }

        return function with
        {
            Name = names[function.Name],
            Parameters = [.. function.Parameters.Select(p => p with { Name = names[p.Name] })],
            Results = [.. function.Results.Select(p => p with { Name = names[p.Name] })],
            Body = function.Body is null ? null : Rename(function.Body, names),
        };
    }

    private static List<PtxStatement> Rename(IEnumerable<PtxStatement> statements, Dictionary<string, string> names) =>
        [.. statements.Select(s => Rename(s, names))];

    private static PtxStatement Rename(PtxStatement statement, Dictionary<string, string> names) => statement switch
    {
        PtxLabel label => label with { Name = New(label.Name, names) },
        PtxBranchTargets targets => targets with
        {
            Name = New(targets.Name, names),
            Labels = [.. targets.Labels.Select(l => New(l, names))],
        },
        PtxBlock block => block with { Statements = Rename(block.Statements, Outside(block, names)) },
        PtxInstruction instruction => instruction with
        {
            Origin = instruction.Origin is { } origin ? origin with { File = WithoutFolder(origin.File) } : null,
            Operands = [.. instruction.Operands.Select(o => PtxNames.Rename(o, names))],
        },
        _ => statement,
    };

    /// <summary>The names that a block sees from outside: all but those that it declares itself.</summary>
    private static Dictionary<string, string> Outside(PtxBlock block, Dictionary<string, string> names)
    {
        var seen = new Dictionary<string, string>(names);
        foreach (var statement in block.Statements)
        {
            seen.Remove(LabelOf(statement) ?? (statement as PtxVariable)?.Name ?? "");
        }

        return seen;
    }

    private static string? LabelOf(PtxStatement statement) => statement switch
    {
        PtxLabel label => label.Name,
        PtxBranchTargets targets => targets.Name,
        _ => null,
    };

    private static string New(string name, Dictionary<string, string> names) => names.GetValueOrDefault(name, name);

    private static string WithoutFolder(string path) => path[(path.LastIndexOfAny(['/', '\\']) + 1)..];

    private static string WithoutNumber(string name) => TrailingNumber().Replace(name, "");

    private static string Unused(Dictionary<string, string> names, string wanted)
    {
        var name = wanted;
        for (var copy = 2; names.ContainsValue(name); copy++)
        {
            name = $"{wanted}_{copy}";
        }

        return name;
    }

    [GeneratedRegex("_[0-9]+$")]
    private static partial Regex TrailingNumber();

    [GeneratedRegex("[^A-Za-z0-9_]")]
    private static partial Regex OtherThanWord();
}
