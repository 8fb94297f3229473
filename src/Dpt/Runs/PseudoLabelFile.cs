using System.Globalization;
using System.Text;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>A predicted class for every training image.</summary>
/// <param name="Labels">[N], 0..classes-1.</param>
/// <param name="Probabilities">[N], the classifier's probability of that class, 0..1.</param>
public sealed record PseudoLabels(int[] Labels, float[] Probabilities);

/// <summary>
/// <c>pseudo-labels.csv</c>: a header, then one line per training image in any order, named by its file or, where
/// images are no files, by its position: <c>file,label,probability</c> or <c>index,label,probability</c>.
/// </summary>
public static class PseudoLabelFile
{
    private const string ProbabilityColumn = "probability";

    /// <summary>Writes the file; it appears whole or not at all.</summary>
    /// <exception cref="ArgumentException">There is not one label and probability per image.</exception>
    public static void Save(string path, ImageDataset train, PseudoLabels labels)
    {
        if (labels.Labels.Length != train.Count || labels.Probabilities.Length != train.Count)
        {
            throw new ArgumentException($"{labels.Labels.Length} pseudo-labels for {train.Count} images");
        }

        var text = new StringBuilder(Header(train)).Append('\n');
        for (var i = 0; i < train.Count; i++)
        {
            text.Append(train.FileNames is { } names ? CsvText.Field(names[i]) : i.ToString(CultureInfo.InvariantCulture))
                .Append(CultureInfo.InvariantCulture, $",{labels.Labels[i]},{labels.Probabilities[i]:R}\n");
        }

        AtomicFile.WriteText(path, text.ToString());
    }

    /// <summary>Reads the file for the data set it was made from.</summary>
    /// <exception cref="DptException">Environment: it is missing. Check: it is damaged or belongs to other data.</exception>
    public static PseudoLabels Load(string path, ImageDataset train) => DataFile.ReadText(path, text =>
    {
        if (!text.EndsWith('\n'))
        {
            throw new InvalidDataException("it ends in the middle of a line");
        }

        var records = CsvText.Records(text);
        if (records.Count == 0 || string.Join(',', records[0].Fields) != Header(train))
        {
            throw new InvalidDataException($"its first line must be '{Header(train)}' for '{train.Name}'");
        }

        if (records.Count - 1 != train.Count)
        {
            throw new InvalidDataException($"it has {records.Count - 1} records for the {train.Count} training images of '{train.Name}'");
        }

        var positions = train.FileNames?.Select((name, i) => (name, i)).ToDictionary(item => item.name, item => item.i);
        var (labels, probabilities) = (new int[train.Count], new float[train.Count]);
        Array.Fill(labels, -1);
        foreach (var record in records.Skip(1))
        {
            if (Parse(record.Fields, train, positions) is not var (index, label, probability) || labels[index] >= 0)
            {
                throw new InvalidDataException(
                    $"line {record.Line}, '{record.Shown}', is no pseudo-label of '{train.Name}' or a second one");
            }

            (labels[index], probabilities[index]) = (label, probability);
        }

        return new PseudoLabels(labels, probabilities);
    });

    /// <summary>The probabilities alone, in the order of the file, whatever data it was made from.</summary>
    /// <exception cref="DptException">Environment: it is missing. Check: it is damaged.</exception>
    public static float[] ReadProbabilities(string path) => DataFile.ReadText(path, text =>
    {
        var records = CsvText.Records(text);
        return records.Count > 0 && records[0].Fields is [_, "label", ProbabilityColumn]
            ? records.Skip(1).Select(record => record.Fields is [_, _, var field] && ParseProbability(field) is { } probability
                ? probability
                : throw new InvalidDataException($"line {record.Line}, '{record.Shown}', is no pseudo-label")).ToArray()
            : throw new InvalidDataException($"it has no column '{ProbabilityColumn}'");
    });

    private static string Header(ImageDataset train) =>
        (train.FileNames is null ? "index" : "file") + ",label," + ProbabilityColumn;

    private static (int Index, int Label, float Probability)? Parse(
        string[] fields, ImageDataset train, Dictionary<string, int>? positions)
    {
        if (fields is not [var image, var labelText, var probabilityText]
            || !int.TryParse(labelText, NumberStyles.None, CultureInfo.InvariantCulture, out var label)
            || label >= train.Classes
            || ParseProbability(probabilityText) is not { } probability)
        {
            return null;
        }

        if (positions is not null)
        {
            return positions.TryGetValue(image, out var position) ? (position, label, probability) : null;
        }

        return int.TryParse(image, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < train.Count
            ? (index, label, probability)
            : null;
    }

    private static float? ParseProbability(string text) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var probability) && probability is >= 0 and <= 1
            ? probability
            : null;
}
