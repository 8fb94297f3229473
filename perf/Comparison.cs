namespace Perf;

/// <summary>What a computation is short of, and so what its rate is given in and held against.</summary>
internal enum Bound
{
    /// <summary>Arithmetic: floating-point operations, against multiply-adds in registers.</summary>
    Arithmetic,

    /// <summary>Memory: bytes that must move, against a copy.</summary>
    Memory,
}

/// <summary>The same computation done by this engine and by TorchSharp, on the same numbers.</summary>
internal abstract class Comparison : IDisposable
{
    /// <summary>What limits it.</summary>
    public virtual Bound Bound => Bound.Arithmetic;

    /// <summary>Floating-point operations or bytes of one run, after <see cref="Bound"/>.</summary>
    public abstract double Work { get; }

    /// <summary>Runs ours.</summary>
    public abstract void Ours();

    /// <summary>Runs theirs.</summary>
    public abstract void Theirs();

    /// <summary>Largest difference of the two results, relative to the size of theirs (root mean square).</summary>
    public abstract double Disagreement();

    /// <summary>The largest <see cref="Disagreement"/> that rounding explains.</summary>
    public abstract double Tolerance { get; }

    public abstract void Dispose();

    /// <summary>Standard normal numbers.</summary>
    protected static float[] Normal(int count, int seed)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
                * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return values;
    }

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
