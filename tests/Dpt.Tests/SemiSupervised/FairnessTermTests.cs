using DPT.Engine.Dpt;

namespace Dpt.Tests;

public sealed class FairnessTermTests
{
    private const int Classes = 4;
    private static readonly ThresholdState State = new(0.5, [0.4, 0.3, 0.2, 0.1], [0.1, 0.5, 0.2, 0.2]);
    private static readonly float[] Mask = [1, 0, 1, 1, 1];

    [Test]
    public void AddTo_SelectedRows_MatchesTheDefinition()
    {
        var logits = Logits();
        var loss = Term().AddTo(Softmax(logits), Mask, 1, new float[logits.Length]);
        Assert.That(loss, Is.EqualTo(Definition(logits)).Within(1e-6));
    }

    /// <summary>The gradient of soft cross-entropy with the term's targets is the term's own, by finite differences.</summary>
    [Test]
    public void AddTo_Targets_CarryTheGradient()
    {
        const double Weight = 0.3;
        const double Step = 1e-5;
        var logits = Logits();
        var s = Softmax(logits);
        var targets = new float[logits.Length];
        Term().AddTo(s, Mask, Weight, targets);
        for (var i = 0; i < logits.Length; i++)
        {
            var row = i / Classes * Classes;
            var gradient = (s[i] * targets.AsSpan(row, Classes).ToArray().Sum()) - targets[i];
            double Shifted(double step)
            {
                double[] shifted = [.. logits];
                shifted[i] += step;
                return Weight * Definition(shifted);
            }

            Assert.That(gradient, Is.EqualTo((Shifted(Step) - Shifted(-Step)) / (2 * Step)).Within(1e-6), $"score {i}");
        }
    }

    [Test]
    public void AddTo_NothingSelected_IsZero()
    {
        var targets = new float[Classes];
        Assert.That(Term().AddTo([0.25f, 0.25f, 0.25f, 0.25f], [0], 1, targets), Is.Zero);
        Assert.That(targets, Is.All.Zero);
    }

    private static FairnessTerm Term() => new(new SelfAdaptiveThreshold(Classes, 0.9) { State = State });

    private static double[] Logits() =>
        [.. Enumerable.Range(0, Mask.Length * Classes).Select(i => 2 * Math.Sin((0.9 * i) + 0.6))];

    private static float[] Softmax(double[] logits) =>
        [.. logits.Chunk(Classes).SelectMany(row => row.Select(z => (float)(Math.Exp(z) / row.Sum(Math.Exp))))];

    private static double Definition(double[] logits)
    {
        var rows = logits.Chunk(Classes).Where((_, b) => Mask[b] != 0)
            .Select(row => row.Select(z => Math.Exp(z) / row.Sum(Math.Exp)).ToArray()).ToArray();
        double[] Normalised(Func<int, double> value)
        {
            var values = Enumerable.Range(0, Classes).Select(value).ToArray();
            return [.. values.Select(x => x / values.Sum())];
        }

        var share = Enumerable.Range(0, Classes)
            .Select(c => rows.Count(row => Array.IndexOf(row, row.Max()) == c) / (double)rows.Length).ToArray();
        var a = Normalised(c => State.ClassProbabilities[c] / State.ClassFrequencies[c]);
        var b = Normalised(c => share[c] == 0 ? 0 : rows.Average(row => row[c]) / share[c]);
        return a.Zip(b, (x, y) => x * Math.Log(y + 1e-12)).Sum();
    }
}
