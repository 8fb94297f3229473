using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>The reference of the fairness term against its definition, and its gradient against finite differences.</summary>
public sealed class FreeMatchFairnessTests
{
    private const int Classes = 4;
    private static readonly double[] Averages = [0.5, 0.4, 0.3, 0.2, 0.1, 0.1, 0.5, 0.2, 0.2];
    private static readonly double[] Weights = [1, 0, 1, 1, 1];

    [Test]
    public void Loss_OfSelectedRows_MatchesTheDefinition()
    {
        var logits = Logits();
        var loss = FreeMatchFairnessOperator.Reference(1, logits, Weights, Averages, new double[logits.Length]);
        Assert.That(loss, Is.EqualTo(Definition(logits, logits)).Within(1e-9));
    }

    [Test]
    public void Gradient_IsThatOfTheDefinition()
    {
        const double Scale = 0.3;
        const double Step = 1e-5;
        var logits = Logits();
        var gradient = new double[logits.Length];
        FreeMatchFairnessOperator.Reference(Scale, logits, Weights, Averages, gradient);
        for (var i = 0; i < logits.Length; i++)
        {
            double Shifted(double step)
            {
                double[] shifted = [.. logits];
                shifted[i] += step;
                return Scale * Definition(shifted, logits);
            }

            Assert.That(gradient[i], Is.EqualTo((Shifted(Step) - Shifted(-Step)) / (2 * Step)).Within(1e-8), $"score {i}");
        }
    }

    [Test]
    public void NothingSelected_IsZero()
    {
        var gradient = new double[Classes];
        Assert.That(FreeMatchFairnessOperator.Reference(1, [1, 2, 3, 4], [0], Averages, gradient), Is.Zero);
        Assert.That(gradient, Is.All.Zero);
    }

    [Test]
    public void WhatIsNotFinite_MakesLossAndGradientNaN([Values] bool isSelected)
    {
        double[] logits = [double.NaN, 2, 3, 4, 1, 2, 3, 4];
        var gradient = new double[logits.Length];
        var loss = FreeMatchFairnessOperator.Reference(1, logits, [isSelected ? 1 : 0, 1], Averages, gradient);
        Assert.That(double.IsNaN(loss), Is.EqualTo(isSelected), "a row that does not count may hold anything");
        Assert.That(gradient.Any(double.IsNaN), Is.EqualTo(isSelected));
    }

    private static double[] Logits() =>
        [.. Enumerable.Range(0, Weights.Length * Classes).Select(i => 2 * Math.Sin((0.9 * i) + 0.6))];

    private static double Definition(double[] logits, double[] predictionsOf)
    {
        double[][] Rows(double[] z) =>
        [
            .. z.Chunk(Classes).Where((_, b) => Weights[b] != 0)
                .Select(row => row.Select(x => Math.Exp(x) / row.Sum(Math.Exp)).ToArray()),
        ];
        var (rows, predicted) = (Rows(logits), Rows(predictionsOf));
        double[] Normalised(Func<int, double> value)
        {
            var values = Enumerable.Range(0, Classes).Select(value).ToArray();
            return [.. values.Select(x => x / values.Sum())];
        }

        var share = Enumerable.Range(0, Classes)
            .Select(c => predicted.Count(row => Array.IndexOf(row, row.Max()) == c) / (double)predicted.Length).ToArray();
        var a = Normalised(c => Averages[1 + c] / Averages[1 + Classes + c]);
        var b = Normalised(c => share[c] == 0 ? 0 : rows.Average(row => row[c]) / share[c]);
        return a.Zip(b, (x, y) => x * Math.Log(y + 1e-12)).Sum();
    }
}
