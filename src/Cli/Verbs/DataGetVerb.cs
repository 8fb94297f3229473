using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Brings a data set from where it is published.</summary>
internal sealed class DataGetVerb : Verb<DataGetArguments>
{
    public override string Name => "data get";

    public override string Purpose => "a published data set, brought, checked and unpacked";

    public override string? Word => "NAME";

    public override IReadOnlyList<string> Examples => ["data get mnist", "data get cifar10 --out data/cifar --from https://example.org/mirror"];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("Sets", [.. PublishedSet.All.Select(set => $"{set.Name}: {set.Bytes >> 20} MiB from {set.Address}")]),
        ("What happens",
        [
            "Each file is checked by its length and its SHA-256. The folder appears when all are there, or not at all.",
            "When something fails or is stopped, what has come stays in a folder that ends in .part, and the same command goes on from there.",
        ]),
    ];

    protected override int Execute(DataGetArguments arguments, CliContext context)
    {
        var name = arguments.Words.FirstOrDefault() ?? throw new DptException(FailureKind.Usage, "data get: name the data set");
        var set = PublishedSet.Find(name);
        var folder = arguments.Out ?? Path.Combine("data", set.Name);
        var from = arguments.From is { } text ? Address(text) : null;
        context.Terminal.Watch(screen =>
        {
            context.Commands.GetData(set, folder, from, screen, context.Stop);
            return folder;
        });
        VerbResult.Of([new("data", set.Spec(folder)), new("next", $"dpt data info --data {set.Spec(folder)}")]).Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }

    private static Uri Address(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        ? uri
        : throw new DptException(FailureKind.Usage, $"--from is '{text}', it must be an address that begins with http:// or https://");
}
