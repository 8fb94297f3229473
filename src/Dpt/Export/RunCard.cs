using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace DPT.Engine.Dpt;

/// <summary>The card of a run's network: what it was made from, what was measured, and against what.</summary>
internal static class RunCard
{
    /// <summary>The text of the card.</summary>
    /// <param name="run">The run that made the network.</param>
    /// <param name="request">Kind of the model, and its licence.</param>
    /// <param name="description">What the weights say of themselves.</param>
    public static string Of(RunLayout run, ExportRequest request, JsonObject description)
    {
        var result = File.Exists(run.ResultPath) ? DptResult.Load(run.ResultPath) : null;
        var card = new StringBuilder();
        card.Append(Head(run, request, request.IsClassifier ? result : null));
        card.Append(CultureInfo.InvariantCulture, $"# {run.Name}, {request.Model}\n\n");
        card.Append(request.IsClassifier
            ? "A classifier made by Dual Pseudo Training (You et al., NeurIPS 2023): it learned from a handful of labels, from its own "
                + "pseudo-labels, and from images that a diffusion model drew for it.\n\n"
            : "A class-conditional diffusion model made by Dual Pseudo Training (You et al., NeurIPS 2023): it learned from all images of the "
                + "set under the pseudo-labels of a classifier that knew a handful of labels.\n\n");
        card.Append("## Numbers\n\n").Append(result is null ? "The run is not finished; nothing was measured.\n\n" : Numbers(result));
        card.Append(HubFolder.Files);
        card.Append("`dpt export RUN --to onnx` of DPT.Engine makes a file for other runtimes of the same run.\n\n");
        card.Append("## Settings of the network\n\n```json\n").Append(description["network"]?.ToJsonString(JsonFiles.Options)).Append("\n```\n");
        return card.ToString();
    }

    /// <summary>The card's head in YAML.</summary>
    private static string Head(RunLayout run, ExportRequest request, DptResult? result)
    {
        var head = new StringBuilder(
            HubFolder.Head(request.Licence, request.IsClassifier ? "image-classification" : "unconditional-image-generation"));
        head.Append("tags: [dual-pseudo-training, semi-supervised-learning]\n");
        if (result?.Stage3.Top1 is { } top1)
        {
            var data = HubFolder.Quoted(result.Data.Name);
            head.Append(CultureInfo.InvariantCulture, $"model-index:\n- name: {HubFolder.Quoted(run.Name)}\n  results:\n");
            head.Append(CultureInfo.InvariantCulture, $"  - task: {{type: image-classification}}\n    dataset: {{type: {data}, name: {data}}}\n");
            head.Append(CultureInfo.InvariantCulture, $"    metrics: [{{type: accuracy, value: {top1:0.####}, name: top-1 on {result.Data.Test} test images}}]\n");
        }

        return head.Append("---\n\n").ToString();
    }

    private static string Numbers(DptResult result)
    {
        var (data, stage1, stage2, stage3) = (result.Data, result.Stage1, result.Stage2, result.Stage3);
        (string, string)[] rows =
        [
            ("data", $"{data.Name}: {data.Train} training and {data.Test} test images of {data.Classes} classes, {data.Labels} labels seen"),
            ("with pseudo-images (stage 3), top-1", Measured.Percent(stage3.Top1)),
            ("control: the same training without them", Measured.Percent(stage3.ControlTop1)),
            .. stage3.SelfTrainingTop1 is { } second
                ? [("second control: real images with pseudo-labels in their place", Measured.Percent(second))]
                : Array.Empty<(string, string)>(),
            ("from the labels alone (stage 1)", Measured.Percent(stage1.Top1)),
            ("pseudo-labels that are right", Measured.Percent(stage1.PseudoLabelAccuracy)),
            ("Frechet distance of the drawn images", string.Create(
                CultureInfo.InvariantCulture, $"{stage2.FrechetDistance.Value:0.##}, {stage2.FrechetDistance.Count} images, features: {stage2.FrechetDistance.Features}")),
            ("seed, engine, device", $"{result.Seed}, {result.Engine}, {result.Device}, {result.Precision}"),
        ];
        return "| | |\n|---|---|\n" + string.Concat(rows.Select(row => $"| {row.Item1} | {Cell(row.Item2)} |\n"))
            + string.Concat(result.Warnings.Select(warning => $"\n* {OneLine.Of(warning)}")) + (result.Warnings.Count > 0 ? "\n\n" : "\n");
    }

    /// <summary>A text that neither ends a cell of a table nor begins a tag.</summary>
    private static string Cell(string text) => OneLine.Of(text).Replace("|", "\\|").Replace("<", "&lt;");
}
