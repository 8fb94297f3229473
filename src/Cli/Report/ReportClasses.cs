using System.Text;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>A row of pictures for each class: the labelled few, real images with its pseudo-label, and drawn ones.</summary>
internal static class ReportClasses
{
    private const int MostClasses = 20;
    private const int MostLabelled = 4;
    private const int MostReal = 6;
    private const int MostDrawn = 8;

    public static string Of(RunFiles files)
    {
        var (labelled, drawn) = (files.Labelled(), files.Drawn());
        if (files.ClassNames() is not { } names || (labelled is null && drawn is null))
        {
            return "";
        }

        var classes = Enumerable.Range(0, Math.Min(names.Count, MostClasses)).ToList();
        (string Name, Func<int, string> Strip)[] columns =
        [
            .. Real(files.Data?.Train, labelled, files.PseudoLabels()),
            .. drawn is null ? [] : new (string, Func<int, string>)[] { ("drawn", label => Drawn(files, drawn, names, label)) },
        ];
        var grid = new StringBuilder($"<div class=\"classes {(columns.Length switch { 1 => "one", 2 => "two", _ => "" })}\">")
            .Append("<span></span>").AppendJoin("", columns.Select(column => $"<span class=\"column\">{column.Name}</span>"));
        foreach (var label in classes)
        {
            grid.Append($"<span class=\"name\">{HtmlPage.Text(names[label])}</span>")
                .AppendJoin("", columns.Select(column => $"<div class=\"strip\" data-kind=\"{column.Name}\">{column.Strip(label)}</div>"));
        }

        grid.Append("</div>");
        return names.Count > MostClasses
            ? grid + HtmlPage.Paragraph("note", $"The first {MostClasses} of {ReportText.Count(names.Count)} classes.")
            : grid.ToString();
    }

    /// <summary>Pseudo-images, each followed by the training image with the nearest features.</summary>
    public static string Neighbours(RunFiles files) => files.Neighbours() is not { } picture
        ? ""
        : HtmlPage.Paragraph("lead", "In pairs: a drawn image, then the training image nearest to it in the features of the classifier that labelled. "
            + "Pairs that are the same would mean that the generator has learned its training images by heart.")
            + HtmlPage.Scroll($"<img class=\"pairs\" alt=\"drawn images, each beside its nearest training image\" src=\"data:image/png;base64,{picture}\">");

    private static IEnumerable<(string Name, Func<int, string> Strip)> Real(ImageDataset? train, IReadOnlyList<int>? labelled, PseudoLabels? pseudoLabels)
    {
        if (train is null || labelled is null)
        {
            yield break;
        }

        yield return ("labelled", label => Strip(train, labelled.Where(i => train.Labels[i] == label).Take(MostLabelled)));
        if (pseudoLabels is not null)
        {
            var others = Enumerable.Range(0, train.Count).Except(labelled).ToLookup(i => pseudoLabels.Labels[i]);
            yield return ("real, by pseudo-label", label => Strip(train, others[label].Take(MostReal)));
        }
    }

    private static string Drawn(RunFiles files, ImageShards drawn, IReadOnlyList<string> names, int label)
    {
        var (plan, pixels) = (drawn.Plan, files.FirstOf(drawn, label, MostDrawn));
        var count = pixels.Length / (plan.Channels * plan.ImageSize * plan.ImageSize);
        return Strip(new ImageDataset("drawn", names, plan.Channels, plan.ImageSize, pixels, [.. Enumerable.Repeat(label, count)]), Enumerable.Range(0, count));
    }

    private static string Strip(ImageDataset images, IEnumerable<int> shown) => string.Concat(shown.Select(i => ReportPicture.Of(images, i)));
}
