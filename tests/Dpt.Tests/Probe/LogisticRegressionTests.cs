namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// The regression on frozen features (spec 2.3 and 3): the numbers of the official code, the proof that comes with a fit, and a second solver.
/// </summary>
public sealed class LogisticRegressionTests
{
    private const int GoldenClasses = 3;
    private static readonly int[] _goldenLabels = [0, 1, 2, 0, 1, 2];

    /// <summary>Weights feature by feature, as the official code has them.</summary>
    private static readonly double[] _goldenWeights =
    [
        4.0043, -4.1049, 0.1006,
        -1.7824, 7.7817, -5.9993,
        -2.5353, -7.8840, 10.4194,
        0.3135, 4.2072, -4.5207,
    ];

    [Test]
    public void Golden_ValueAndWeights()
    {
        var fitted = Golden(tolerance: 1e-13);
        Assert.That(fitted.Value, Is.EqualTo(0.1363790591).Within(1e-10));
        Assert.That(fitted.IsDone, Is.True);
        Assert.That(Enumerable.Range(0, 12).Select(i => fitted.Weights[(i % 3 * 4) + (i / 3)]), Is.EqualTo(_goldenWeights).Within(1e-4));
    }

    /// <summary>Trap 30: what is not normalised has other probabilities, and the same classes in the same order.</summary>
    [Test]
    public void Golden_Probabilities_WithAndWithoutNormalising()
    {
        var fitted = Golden(tolerance: 1e-13);
        var (raw, normalised) = (new FeatureRows(GoldenRows(), 4), FeatureRows.Normalised(GoldenRows(), 4));
        Assert.That(Most(fitted.Probabilities(raw)), Is.EqualTo(new[] { 0.963978, 0.998547, 1.0, 0.997397, 0.985344, 0.93605 }).Within(1e-6));
        Assert.That(Most(fitted.Probabilities(normalised)), Is.EqualTo(new[] { 0.845821, 0.977902, 0.999984, 0.979968, 0.961781, 0.874364 }).Within(1e-6));
        Assert.That(fitted.Predict(raw), Is.EqualTo(fitted.Predict(normalised)).And.EqualTo(_goldenLabels));
        Assert.That(fitted.Probabilities(raw).Chunk(GoldenClasses).Select(row => row.Sum()), Is.All.EqualTo(1).Within(1e-12));

        static IEnumerable<double> Most(double[] probabilities) => probabilities.Chunk(GoldenClasses).Select(row => row.Max());
    }

    /// <summary>Trap 29: the penalty is lambda by the rows, so doubling lambda and all rows changes nothing.</summary>
    [Test]
    public void Penalty_IsByTheNumberOfRows()
    {
        var (rows, labels) = (Problem(20, 7, 4, out var classes), classes);
        double[] twice = [.. rows.Values, .. rows.Values];
        var once = LogisticRegression.Fit(rows, labels, 4, new RegressionOptions { Lambda = 0.5, Tolerance = 1e-12 });
        var doubled = LogisticRegression.Fit(
            new FeatureRows(twice, 7), [.. labels, .. labels], 4, new RegressionOptions { Lambda = 1, Tolerance = 1e-12 });
        Assert.That(doubled.Value, Is.EqualTo(once.Value).Within(1e-10));
        Assert.That(doubled.Weights, Is.EqualTo(once.Weights).Within(1e-5));
        Assert.That(new LogisticObjective(rows, labels, 4, 0.5).Mu, Is.EqualTo(0.025).Within(1e-15));
    }

    /// <summary>Weights stay in the span of rows without a mean; and what all classes share costs and gains nothing.</summary>
    [Test]
    public void Weights_SumToZero_OverFeaturesAndOverClasses()
    {
        var fitted = LogisticRegression.Fit(Problem(30, 9, 5, out var labels), labels, 5, new RegressionOptions());
        for (var c = 0; c < 5; c++)
        {
            Assert.That(fitted.Weights.AsSpan(c * 9, 9).ToArray().Sum(), Is.Zero.Within(1e-9), $"class {c}");
        }

        for (var d = 0; d < 9; d++)
        {
            Assert.That(Enumerable.Range(0, 5).Sum(c => fitted.Weights[(c * 9) + d]), Is.Zero.Within(1e-9), $"feature {d}");
        }
    }

    /// <summary>More classes than a tile of the gradient has, more features, and more rows than a piece; and sizes of 1.</summary>
    [TestCase(40, 300, 6)]
    [TestCase(70, 5, 2)]
    [TestCase(1, 1, 2)]
    [TestCase(33, 256, 4)]
    public void Gradient_IsThatOfTheValue(int count, int width, int classes)
    {
        var random = new Random(5);
        var rows = Problem(count, width, classes, out var labels);
        var objective = new LogisticObjective(rows, labels, classes, lambda: 0.7);
        double[] weights = [.. Enumerable.Range(0, classes * width).Select(_ => random.NextDouble() - 0.5)];
        double[] direction = [.. Enumerable.Range(0, classes * width).Select(_ => random.NextDouble() - 0.5)];
        var residuals = new double[count * classes];
        Assert.That(Value(0), Is.EqualTo(PlainValue(rows, labels, classes, 0.7, weights)).Within(1e-12));
        var gradient = objective.Gradient(residuals, weights);
        var slope = objective.Slope(residuals, objective.Scores(direction), Dot(weights, direction));
        Assert.That(slope, Is.EqualTo(Dot(gradient, direction)).Within(1e-12));
        const double Step = 1e-5;
        Assert.That(slope, Is.EqualTo((Value(Step) - Value(-Step)) / (2 * Step)).Within(1e-8));
        for (var i = 0; i < weights.Length; i += 1 + (weights.Length / 40))
        {
            var plain = new double[weights.Length];
            plain[i] = 1;
            Assert.That(gradient[i], Is.EqualTo((At(plain, Step) - At(plain, -Step)) / (2 * Step)).Within(1e-8), $"weight {i}");
        }

        double Value(double step) => At(direction, step, residuals);

        double At(double[] along, double step, double[]? receives = null)
        {
            double[] moved = [.. weights.Zip(along, (w, d) => w + (step * d))];
            return objective.Value(objective.Scores(moved), Dot(moved, moved), receives ?? new double[residuals.Length]);
        }
    }

    /// <summary>Newton's method, with the whole second derivative, ends where the regression does; the proof holds for every tolerance.</summary>
    [TestCase(0.0025)]
    [TestCase(1.0)]
    public void Newton_EndsAtTheSameWeights(double lambda)
    {
        var rows = Problem(18, 4, 3, out var labels);
        var newton = Newton(rows, labels, 3, lambda);
        var least = PlainValue(rows, labels, 3, lambda, newton);
        var fitted = LogisticRegression.Fit(rows, labels, 3, new RegressionOptions { Lambda = lambda, Tolerance = 1e-13 });
        Assert.That(fitted.Value, Is.EqualTo(least).Within(1e-11));
        Assert.That(fitted.Weights, Is.EqualTo(newton).Within(1e-4 * newton.Max(Math.Abs)));
        foreach (var tolerance in new[] { 1e-1, 1e-3, 1e-6 })
        {
            var early = LogisticRegression.Fit(rows, labels, 3, new RegressionOptions { Lambda = lambda, Tolerance = tolerance });
            Assert.That(early.IsDone, Is.True);
            Assert.That(early.Gap, Is.InRange(early.Value - least - 1e-12, tolerance * early.Value), $"{tolerance}");
            Assert.That(early.Value, Is.EqualTo(PlainValue(rows, labels, 3, lambda, early.Weights)).Within(1e-12));
            Assert.That(early.Steps, Is.LessThanOrEqualTo(fitted.Steps));
        }
    }

    /// <summary>The bound is the gradient's square by twice the penalty, here with the gradient written out; it counts as a share of the value.</summary>
    [Test]
    public void Gap_IsThatOfTheGradient_AndCountsByTheValue()
    {
        var rows = Problem(18, 4, 3, out var labels);
        var begun = LogisticRegression.Fit(rows, labels, 3, new RegressionOptions { MostSteps = 0 });
        var sum = 0.0;
        for (var c = 0; c < 3; c++)
        {
            for (var d = 0; d < 4; d++)
            {
                var slope = Enumerable.Range(0, 18).Sum(i => ((1 / 3.0) - (labels[i] == c ? 1 : 0)) * rows.Values[(i * 4) + d]) / 18;
                sum += slope * slope;
            }
        }

        Assert.That(begun.Value, Is.EqualTo(Math.Log(3)).Within(1e-12));
        Assert.That(begun.Gap, Is.EqualTo(sum / (2 * 0.0025 / 18)).Within(1e-12 * begun.Gap));
        Assert.That(LogisticRegression.Fit(rows, labels, 3, new RegressionOptions { Tolerance = 0.95 * begun.Gap }).Steps, Is.Zero);
        Assert.That(LogisticRegression.Fit(rows, labels, 3, new RegressionOptions { Tolerance = 0.85 * begun.Gap }).Steps, Is.Not.Zero);
    }

    [Test]
    public void Value_OfLargeScores_IsFinite()
    {
        var objective = new LogisticObjective(new FeatureRows([1, -1], 1), [0, 0], 2, lambda: 1);
        var residuals = new double[4];
        Assert.That(objective.Value([5000, 1000, -5000, -1000], 0, residuals), Is.EqualTo(2000).Within(1e-9));
        Assert.That(residuals, Is.EqualTo(new double[] { 0, 0, -1, 1 }).Within(1e-12));
    }

    /// <summary>A regression that may not go on says so, with the gap that is left.</summary>
    [Test]
    public void Limit_OfSteps_IsTold()
    {
        var rows = Problem(18, 4, 3, out var labels);
        var ended = LogisticRegression.Fit(rows, labels, 3, new RegressionOptions { MostSteps = 2 });
        Assert.That((ended.Steps, ended.IsDone), Is.EqualTo((2, false)));
        Assert.That(ended.Gap, Is.GreaterThan(1e-6 * ended.Value));
        Assert.That(ended.Value, Is.LessThan(Math.Log(3)), "each step goes down");
    }

    /// <summary>Below what doubles can tell there is no end but the limit or the rounding; both are told.</summary>
    [Test]
    public void Tolerance_BeyondRounding_IsNotSaidToBeReached()
    {
        var fitted = LogisticRegression.Fit(
            Problem(18, 4, 3, out var labels), labels, 3, new RegressionOptions { Tolerance = 1e-60, MostSteps = 300 });
        Assert.That(fitted.IsDone, Is.False);
        Assert.That(fitted.Gap, Is.LessThan(1e-12 * fitted.Value));
    }

    /// <summary>A few steps' progress is that of a quasi-Newton method: gradient descent needs thousands here.</summary>
    [Test]
    public void Steps_AreFew() => Assert.That(Golden(tolerance: 1e-6).Steps, Is.LessThan(25));

    [Test]
    public void Fit_DoesNotDependOnThreads()
    {
        var rows = Problem(90, 300, 6, out var labels);
        var alone = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, maxConcurrencyLevel: 1).ConcurrentScheduler;
        var byOne = Task.Factory.StartNew(Fit, default, TaskCreationOptions.None, alone).Result;
        Assert.That(Fit(), Is.EqualTo(byOne));

        double[] Fit() => LogisticRegression.Fit(rows, labels, 6, new RegressionOptions()).Weights;
    }

    [Test]
    public void Fit_StopsWhenAsked()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(
            () => LogisticRegression.Fit(Problem(4, 2, 2, out var labels), labels, 2, new RegressionOptions(), source.Token));
    }

    [Test]
    public void Predict_OfEqualScores_IsTheLowestClass() =>
        Assert.That(Golden(1e-6).Predict(new FeatureRows(new double[4], 4)), Is.EqualTo(new[] { 0 }));

    private static LogisticRegression Golden(double tolerance) => LogisticRegression.Fit(
        FeatureRows.Normalised(GoldenRows(), 4), _goldenLabels, GoldenClasses, new RegressionOptions { Tolerance = tolerance });

    private static double[] GoldenRows() =>
        [.. Enumerable.Range(0, 24).Select(k => Math.Sin((1.3 * k) + 0.4) + (k / 4 % 3 == k % 4 ? 1 : 0))];

    private static FeatureRows Problem(int count, int width, int classes, out int[] labels)
    {
        var random = new Random(11);
        labels = [.. Enumerable.Range(0, count).Select(i => i % classes)];
        double[] values = [.. Enumerable.Range(0, count * width).Select(k => random.NextDouble() + (k / width % classes == k % width ? 0.4 : 0))];
        return FeatureRows.Normalised(values, width);
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    /// <summary>The formula as it stands in the specification.</summary>
    private static double PlainValue(FeatureRows rows, int[] labels, int classes, double lambda, double[] weights)
    {
        var sum = 0.0;
        for (var i = 0; i < rows.Count; i++)
        {
            double[] scores = [.. Enumerable.Range(0, classes).Select(c => Score(rows, i, c, weights))];
            sum += Math.Log(scores.Sum(Math.Exp)) - scores[labels[i]];
        }

        return (sum / rows.Count) + (lambda / rows.Count / 2 * Dot(weights, weights));
    }

    private static double Score(FeatureRows rows, int row, int c, double[] weights)
    {
        var sum = 0.0;
        for (var d = 0; d < rows.Width; d++)
        {
            sum += rows.Values[(row * rows.Width) + d] * weights[(c * rows.Width) + d];
        }

        return sum;
    }

    /// <summary>Damped Newton: the second derivative written out, the step by elimination.</summary>
    private static double[] Newton(FeatureRows rows, int[] labels, int classes, double lambda)
    {
        var (n, width, mu) = (rows.Count, rows.Width, lambda / rows.Count);
        var weights = new double[classes * width];
        for (var iteration = 0; iteration < 60; iteration++)
        {
            var gradient = Array.ConvertAll(weights, w => mu * w);
            var second = new double[weights.Length, weights.Length];
            for (var k = 0; k < weights.Length; k++)
            {
                second[k, k] = mu;
            }

            for (var i = 0; i < n; i++)
            {
                double[] powers = [.. Enumerable.Range(0, classes).Select(c => Math.Exp(Score(rows, i, c, weights)))];
                var p = Array.ConvertAll(powers, power => power / powers.Sum());
                for (var a = 0; a < weights.Length; a++)
                {
                    var (ca, xa) = (a / width, rows.Values[(i * width) + (a % width)]);
                    gradient[a] += (p[ca] - (ca == labels[i] ? 1 : 0)) * xa / n;
                    for (var b = 0; b < weights.Length; b++)
                    {
                        var (cb, xb) = (b / width, rows.Values[(i * width) + (b % width)]);
                        second[a, b] += p[ca] * ((ca == cb ? 1 : 0) - p[cb]) * xa * xb / n;
                    }
                }
            }

            var (before, step) = (PlainValue(rows, labels, classes, lambda, weights), Solve(second, gradient));
            var share = 1.0;
            double[] moved;
            do
            {
                moved = [.. weights.Zip(step, (w, s) => w - (share * s))];
                share /= 2;
            }
            while (share > 1e-6 && !(PlainValue(rows, labels, classes, lambda, moved) <= before));
            weights = moved;
        }

        return weights;
    }

    private static double[] Solve(double[,] matrix, double[] right)
    {
        var x = (double[])right.Clone();
        var size = x.Length;
        for (var k = 0; k < size; k++)
        {
            for (var i = k + 1; i < size; i++)
            {
                var factor = matrix[i, k] / matrix[k, k];
                for (var j = k; j < size; j++)
                {
                    matrix[i, j] -= factor * matrix[k, j];
                }

                x[i] -= factor * x[k];
            }
        }

        for (var i = size - 1; i >= 0; i--)
        {
            for (var j = i + 1; j < size; j++)
            {
                x[i] -= matrix[i, j] * x[j];
            }

            x[i] /= matrix[i, i];
        }

        return x;
    }
}
