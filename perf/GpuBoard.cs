using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Perf;

/// <summary>What perf/gpu/run.sh measured on a machine, as a board in Markdown.</summary>
internal static class GpuBoard
{
    /// <summary>The board.</summary>
    /// <param name="json">The text of results.json.</param>
    /// <exception cref="JsonException">It is something else.</exception>
    public static string Of(string json)
    {
        using var document = JsonDocument.Parse(json);
        var results = document.RootElement;
        if (!results.TryGetProperty("schema", out var schema) || schema.GetInt32() != 1)
        {
            throw new JsonException("this is not a results.json of perf/gpu/run.sh, schema 1");
        }

        var text = new StringBuilder();
        Head(text, results);
        Tests(text, results.GetProperty("tests"));
        Rates(text, results.GetProperty("bench"), results.GetProperty("baseline"));
        Training(text, results.GetProperty("training"), results.GetProperty("yardstick"));
        Run(text, results.GetProperty("run"));
        return text.ToString();
    }

    /// <summary>The variants that passed on a card, as lines of <c>proven-on-hardware.txt</c>; none from elsewhere.</summary>
    public static IEnumerable<string> Proofs(string json)
    {
        using var document = JsonDocument.Parse(json);
        var results = document.RootElement;
        if (results.GetProperty("device").GetString() != "cuda" || results.GetProperty("tests").ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        var device = results.GetProperty("gpu").GetString()!.Split(',')[0].Trim();
        return
        [
            .. results.GetProperty("tests").EnumerateArray()
                .Where(v => v.GetProperty("faults").GetArrayLength() == 0)
                .Select(v => $"{v.GetProperty("id").GetString()} {device}"),
        ];
    }

    private static void Head(StringBuilder text, JsonElement results)
    {
        var isMeasured = results.GetProperty("bench").ValueKind == JsonValueKind.Object;
        var device = isMeasured ? results.GetProperty("bench").GetProperty("device").GetString() : results.GetProperty("device").GetString();
        var failed = results.GetProperty("failed").EnumerateArray().Select(f => f.GetString()).ToList();
        text.AppendLine($"`perf/gpu/run.sh --device {results.GetProperty("device").GetString()}` at commit {results.GetProperty("commit").GetString()}: {device}.");
        if (results.GetProperty("gpu").GetString() is { Length: > 0 } gpu)
        {
            text.AppendLine($"nvidia-smi: {gpu}.");
        }

        if (failed.Count > 0)
        {
            text.AppendLine().AppendLine($"**Failed steps: {string.Join(", ", failed)}.**");
        }
    }

    private static void Tests(StringBuilder text, JsonElement tests)
    {
        if (tests.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        var variants = tests.EnumerateArray().ToList();
        var wrong = variants.Where(v => v.GetProperty("faults").GetArrayLength() > 0).Select(v => v.GetProperty("id").GetString()).ToList();
        text.AppendLine().AppendLine(
            $"Proven: {variants.Count - wrong.Count} of {variants.Count} variants on {variants.Sum(v => v.GetProperty("cases").GetInt32())} cases"
            + (wrong.Count > 0 ? $"; wrong: {string.Join(", ", wrong)}." : "."));
        var others = variants.Where(v => v.GetProperty("otherBits").GetArrayLength() > 0).ToList();
        if (others.Count > 0)
        {
            text.AppendLine().AppendLine("Other bits than the simulator's, each within its bound: " + string.Join(", ", others.Select(
                v => $"{v.GetProperty("id").GetString()} ({v.GetProperty("otherBits").GetArrayLength()})")) + ".");
        }
    }

    private static void Rates(StringBuilder text, JsonElement bench, JsonElement baseline)
    {
        if (bench.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        var peaks = bench.GetProperty("peaks");
        text.AppendLine().AppendLine(
            $"Measured peaks: copy {Number(peaks.GetProperty("bytes").GetDouble() / 1e9)} GB/s, fp32 "
            + $"{Number(peaks.GetProperty("flops").GetDouble() / 1e12)} TFLOP/s, bf16 tensor cores "
            + $"{Number(peaks.GetProperty("tensorFlops").GetDouble() / 1e12)} TFLOP/s. Medians of turns; the roofline is the least time");
        text.AppendLine("that these peaks allow; the ratio is PyTorch's time by ours, in the precision of the variant.");
        text.AppendLine().AppendLine("| variant | shape | us | GFLOP/s | GB/s | roofline | PyTorch us | ratio |").AppendLine("|---|---|---|---|---|---|---|---|");
        var theirs = Baseline(baseline);
        foreach (var result in bench.GetProperty("results").EnumerateArray())
        {
            var id = result.GetProperty("id").GetString()!;
            var shape = result.GetProperty("case").GetString()!;
            var seconds = result.GetProperty("seconds").GetDouble();
            var key = (id.Split('/')[0], shape, id.Contains("bf16", StringComparison.Ordinal) ? "bf16" : "fp32");
            var (other, ratio) = theirs.TryGetValue(key, out var t) ? (Number(1e6 * t), Number(t / seconds)) : ("", "");
            text.AppendLine(
                $"| {id} | {shape} | {Number(1e6 * seconds)} | {Number(result.GetProperty("flopsPerSecond").GetDouble() / 1e9)} "
                + $"| {Number(result.GetProperty("bytesPerSecond").GetDouble() / 1e9)} "
                + $"| {Number(100 * result.GetProperty("rooflineShare").GetDouble())} % | {other} | {ratio} |");
        }

        if (baseline.ValueKind == JsonValueKind.Object)
        {
            text.AppendLine().AppendLine(
                $"Baseline: PyTorch {baseline.GetProperty("torch").GetString()}, CUDA {baseline.GetProperty("cuda").GetString()}, TF32 off.");
        }
    }

    private static Dictionary<(string Operator, string Case, string Precision), double> Baseline(JsonElement baseline) =>
        baseline.ValueKind != JsonValueKind.Object ? [] : baseline.GetProperty("results").EnumerateArray().ToDictionary(
            r => (r.GetProperty("operator").GetString()!, r.GetProperty("case").GetString()!, r.GetProperty("precision").GetString()!),
            r => r.GetProperty("seconds").GetDouble());

    /// <summary>An update of a U-ViT-S (perf/gpu/uvit-s.json) beside PyTorch's (perf/gpu/training.py).</summary>
    private static void Training(StringBuilder text, JsonElement ours, JsonElement theirs)
    {
        var rows = ours.EnumerateObject().Select(p => (Precision: p.Name, How: "ours", Seconds: p.Value.GetDouble())).ToList();
        if (rows.Count == 0)
        {
            return;
        }

        if (theirs.ValueKind == JsonValueKind.Object)
        {
            rows.AddRange(theirs.GetProperty("results").EnumerateArray().Select(r => (
                r.GetProperty("precision").GetString()!, $"PyTorch, {r.GetProperty("how").GetString()}", r.GetProperty("seconds").GetDouble())));
        }

        text.AppendLine().AppendLine("An update of U-ViT-S, 128 images of 32 x 32, 258 tokens; the ratio is the time of a row by ours.");
        text.AppendLine().AppendLine("| precision | | ms | ratio |").AppendLine("|---|---|---|---|");
        foreach (var (precision, how, seconds) in rows.OrderByDescending(r => r.Precision, StringComparer.Ordinal))
        {
            var ratio = ours.TryGetProperty(precision, out var own) ? Number(seconds / own.GetDouble()) : "";
            text.AppendLine($"| {precision} | {how} | {Number(1e3 * seconds)} | {ratio} |");
        }
    }

    private static void Run(StringBuilder text, JsonElement run)
    {
        if (run.ValueKind == JsonValueKind.Object)
        {
            text.AppendLine().AppendLine(
                $"`dpt run` on {run.GetProperty("device").GetString()}: all stages in {Number(run.GetProperty("totalSeconds").GetDouble())} s.");
        }
    }

    private static string Number(double value) => value.ToString(value < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture);
}
