using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>All verbs, in the order of help.</summary>
internal static class VerbTable
{
    public static IReadOnlyList<Verb> All { get; } =
    [
        new RunVerb(),
        new TrainClassifierVerb(),
        new PseudoLabelVerb(),
        new TrainDiffusionVerb(),
        new GenerateVerb(),
        new RetrainVerb(),
        new EvaluateVerb(),
        new FidVerb(),
        new PretrainVerb(),
        new ProbeVerb(),
        new PredictVerb(),
        new SampleVerb(),
        new ExportVerb(),
        new ImportVerb(),
        new ForwardVerb(),
        new GradVerb(),
        new NetworkSampleVerb(),
        new EncodeVerb(),
        new DecodeVerb(),
        new RunsVerb(),
        new CompareVerb(),
        new ReportVerb(),
        new DataGetVerb(),
        new DataInfoVerb(),
        new DataCheckVerb(),
        new DataExportVerb(),
        new KernelsListVerb(),
        new KernelsTestVerb(),
        new KernelsPtxVerb(),
        new KernelsSassVerb(),
        new KernelsAssembleVerb(),
        new KernelsSimVerb(),
        new KernelsBenchVerb(),
        new KernelsTuneVerb(),
        new ConfigShowVerb(),
        new CompletionVerb(),
        new DoctorVerb(),
    ];

    /// <summary>
    /// The verb that the first one or two words name, and the words after it. A verb whose name ends with an option is meant where that
    /// option is given.
    /// </summary>
    /// <exception cref="DptException">There is none; the message suggests the nearest.</exception>
    public static (Verb Verb, IReadOnlyList<string> Arguments) Find(IReadOnlyList<string> words)
    {
        foreach (var verb in All.OrderByDescending(verb => verb.Option is not null))
        {
            var name = verb.Name.Split(' ').Where(word => word != verb.Option).ToList();
            if (words.Take(name.Count).SequenceEqual(name) && (verb.Option is null || words.Any(IsOptionOf(verb))))
            {
                return (verb, [.. words.Skip(name.Count)]);
            }
        }

        var group = All.Where(v => v.Name.StartsWith(words[0] + " ", StringComparison.Ordinal)).ToList();
        if (group.Count > 0)
        {
            throw new DptException(
                FailureKind.Usage, $"'{words[0]}' needs a second word: {string.Join(" or ", group.Select(v => v.Name))}");
        }

        throw new DptException(
            FailureKind.Usage,
            $"there is no verb '{words[0]}'{NearestName.Hint(words[0], All.Select(v => v.Name))}; `dpt --help` lists them");
    }

    private static Func<string, bool> IsOptionOf(Verb verb) => word => word.Split('=')[0] == verb.Option;
}
