using System.Numerics.Tensors;

namespace DPT.Engine.Dpt;

/// <summary>
/// The objective along a direction from some weights. Scores are linear in the weights, so one product with all rows tells them everywhere
/// on the line, and looking for a good place costs n C exponentials a trial.
/// </summary>
internal sealed class LogisticLine
{
    /// <summary>The slope must fall to this share of its first.</summary>
    private const double SlopeLeft = 0.5;

    /// <summary>A place beyond the least value is taken where the slope has turned by no more than this share.</summary>
    private const double SlopeTurned = 0.1;

    private const int MostTrials = 60;
    private const double Widening = 4;
    private const double Margin = 0.05;

    private readonly LogisticObjective _objective;
    private readonly double[] _start;
    private readonly double[] _change;
    private readonly double _weightsSquared;
    private readonly double _weightsDirection;
    private readonly double _directionSquared;

    /// <summary>Prepares.</summary>
    /// <param name="objective">What is looked at.</param>
    /// <param name="weights">Where the line starts, [C, D].</param>
    /// <param name="scores">The scores there, [N, C].</param>
    /// <param name="direction">Where it goes, [C, D].</param>
    public LogisticLine(LogisticObjective objective, double[] weights, double[] scores, double[] direction)
    {
        (_objective, _start, _change) = (objective, scores, objective.Scores(direction));
        _weightsSquared = TensorPrimitives.SumOfSquares<double>(weights);
        _weightsDirection = TensorPrimitives.Dot<double>(weights, direction);
        _directionSquared = TensorPrimitives.SumOfSquares<double>(direction);
        (Scores, Residuals) = (new double[scores.Length], new double[scores.Length]);
    }

    /// <summary>The value at the place that was looked at last.</summary>
    public double Value { get; private set; }

    /// <summary>The scores there, [N, C].</summary>
    public double[] Scores { get; }

    /// <summary>The residuals there, [N, C].</summary>
    public double[] Residuals { get; }

    /// <summary>
    /// How far to go: to where the slope is a part of what it was, and the value less. Null where rounding leaves no such place.
    /// </summary>
    /// <remarks>
    /// On a convex line the value is less wherever the slope is not positive. The next trial is where a straight slope would be 0.
    /// </remarks>
    /// <param name="value">The value at the start.</param>
    /// <param name="slope">The slope at the start, below 0.</param>
    public double? Search(double value, double slope)
    {
        var (low, lowSlope) = (0.0, slope);
        (double At, double Slope)? high = null;
        var at = 1.0;
        for (var trial = 0; trial < MostTrials; trial++)
        {
            var here = SlopeAt(at);
            if (here >= SlopeLeft * slope && (here <= 0 || (here <= -SlopeTurned * slope && Value <= value)))
            {
                return at;
            }

            if (here < 0)
            {
                (low, lowSlope) = (at, here);
            }
            else
            {
                high = (at, here);
            }

            at = high is not var (end, endSlope)
                ? at * Widening
                : low + ((end - low) * Math.Clamp(-lowSlope / (endSlope - lowSlope), Margin, 1 - Margin));
        }

        return null;
    }

    private double SlopeAt(double at)
    {
        TensorPrimitives.MultiplyAdd(_change, at, _start, Scores);
        Value = _objective.Value(Scores, _weightsSquared + (at * ((2 * _weightsDirection) + (at * _directionSquared))), Residuals);
        return _objective.Slope(Residuals, _change, _weightsDirection + (at * _directionSquared));
    }
}
