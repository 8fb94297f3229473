using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>How good a finished run is, on the test set and seen by a classifier trained on all true labels.</summary>
/// <param name="Stage1Top1">Accuracy of the stage-1 classifier on the test set.</param>
/// <param name="Stage3Top1">Accuracy of the stage-3 classifier on the test set.</param>
/// <param name="ControlTop1">Accuracy of the control on the test set.</param>
/// <param name="ReferenceTop1">Accuracy on the test set of the classifier trained on all true labels.</param>
/// <param name="PseudoImageAgreement">
/// Share of pseudo-images that this classifier puts in the class they were drawn for.
/// </param>
/// <param name="MacroF1">Unweighted mean over the classes of the stage-3 classifier's F1 scores.</param>
/// <param name="Classes">Precision and recall of the stage-3 classifier on the test set, class by class.</param>
public sealed record EvaluationResult(
    double Stage1Top1,
    double Stage3Top1,
    double ControlTop1,
    double ReferenceTop1,
    double PseudoImageAgreement,
    double MacroF1,
    IReadOnlyList<ClassRates> Classes)
{
    internal static IReadOnlyList<ClassRates> RatesOf(ConfusionMatrix matrix, IReadOnlyList<string> names) =>
        [.. names.Select((name, c) => new ClassRates(name, Share(matrix.Precision(c)), Share(matrix.Recall(c))))];

    private static double? Share(double rate) => double.IsNaN(rate) ? null : rate;
}

/// <summary>How well one class is recognised.</summary>
/// <param name="Name">The class.</param>
/// <param name="Precision">Share of the predictions of the class that are right; null if it is never predicted.</param>
/// <param name="Recall">Share of the samples of the class that are recognised; null if there are none.</param>
public sealed record ClassRates(string Name, double? Precision, double? Recall)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Name}: precision {Text(Precision)}, recall {Text(Recall)}");

    private static string Text(double? rate) => rate?.ToString("0.000", CultureInfo.InvariantCulture) ?? "-";
}
