namespace Perf;

/// <summary>The same computation done by this engine and by TorchSharp, on the same numbers.</summary>
internal abstract class Contest : IDisposable
{
    /// <summary>Floating-point operations of one run.</summary>
    public abstract double Flops { get; }

    /// <summary>Runs ours.</summary>
    public abstract void Ours();

    /// <summary>Runs theirs.</summary>
    public abstract void Theirs();

    /// <summary>Largest difference of the two results, relative to the size of theirs (root mean square).</summary>
    public abstract double Disagreement();

    /// <summary>The largest <see cref="Disagreement"/> that rounding explains.</summary>
    public abstract double Tolerance { get; }

    public abstract void Dispose();

    /// <summary>Compares two results for <see cref="Disagreement"/>; infinite if a value is not finite.</summary>
    protected static double Compare(ReadOnlySpan<float> ours, ReadOnlySpan<float> theirs)
    {
        double worst = 0, squares = 0;
        for (var i = 0; i < ours.Length; i++)
        {
            var difference = Math.Abs((double)ours[i] - theirs[i]);
            worst = double.IsFinite(difference) ? Math.Max(worst, difference) : double.PositiveInfinity;
            squares += (double)theirs[i] * theirs[i];
        }

        return worst / Math.Sqrt(squares / ours.Length);
    }
}
