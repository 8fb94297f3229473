using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Whether a data set is fit to be learned from and measured on.</summary>
internal sealed class DataCheckVerb : Verb<ConfigArguments>
{
    private const int MostNamed = 20;

    public override string Name => "data check";

    public override string Purpose => "images of a data set that cannot be read, or are there twice";

    public override string? Word => "SPEC";

    public override IReadOnlyList<string> Examples => ["data check folder:photos", "data check cifar10:data/cifar10 --json"];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What is looked for",
        [
            "SPEC is what --data takes, and may stand for it.",
            "All images are read, and compared by their pixels as the set has them: decoded, and resized where --image-size asks for it."
            + $" Of each kind of finding the first {MostNamed} are named.",
            "The check does not pass, exit code 4, where images cannot be read, where a test image is a training image too, or where one image"
            + " has several classes. Images that are there several times in one class of one part are counted, and do no harm.",
        ]),
    ];

    protected override int Execute(ConfigArguments arguments, CliContext context)
    {
        arguments.Data = arguments.Words.FirstOrDefault(arguments.Data!);
        var check = context.Commands.CheckData(context.Resolve(arguments).ToOptions());
        VerbResult.Of([.. Counts(check.Data), .. Findings(check)]).Print(arguments.Json, context.Terminal);
        return check.Passes ? ExitCodes.Done : ExitCodes.Check;
    }

    private static IEnumerable<NamedValue> Counts(DatasetPair data) =>
    [
        new("name", data.Train.Name),
        new("imageSize", data.Train.ImageSize),
        new("channels", data.Train.Channels),
        .. Counts("train", data.Train),
        .. Counts("test", data.Test),
    ];

    private static IEnumerable<NamedValue> Counts(string part, ImageDataset images) =>
    [
        new(part, images.Count),
        .. images.ClassNames.Select((name, c) => new NamedValue($"{part} of class {name}", images.Labels.Count(l => l == c))),
        new($"{part} of unknown class", images.Labels.Count(l => l == ImageDataset.NoLabel)),
    ];

    private static IEnumerable<NamedValue> Findings(DataCheck check)
    {
        (string Name, IReadOnlyList<object> Found)[] kinds =
        [
            ("unreadable", check.Data.Skipped),
            ("in training and test", [.. check.Same.Where(same => same.InBothParts)]),
            ("in several classes", [.. check.Same.Where(same => same.InSeveralClasses)]),
            ("repeated", [.. check.Same.Where(same => !same.InBothParts && !same.InSeveralClasses)]),
        ];
        return
        [
            .. kinds.Select(kind => new NamedValue(kind.Name, kind.Found.Count)),
            new("findings", kinds.SelectMany(kind => kind.Found.Take(MostNamed).Select(found => $"{kind.Name}: {found}")).ToList()),
            new("notes", check.Data.Notes),
            new("passes", check.Passes),
        ];
    }
}
