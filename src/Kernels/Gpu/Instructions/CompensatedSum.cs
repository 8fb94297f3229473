namespace DPT.Engine.Kernels;

/// <summary>
/// A running sum in single precision beside the sum of its rounding errors: about twice the digits, for long sums where
/// a kernel has no doubles. Source: Knuth, TAOCP volume 2, 4.2.2, theorem B (the error of an addition is a float).
/// </summary>
public struct CompensatedSum
{
    /// <summary>The rounded sum.</summary>
    public float Sum;

    /// <summary>What rounding dropped.</summary>
    public float Rest;

    /// <summary>The sum, rounded once more; what is not finite has no rest.</summary>
    public readonly float Total => (Sum - Sum) == 0 ? Sum + Rest : Sum;

    /// <summary>Adds a term.</summary>
    public void Add(float term)
    {
        var sum = Sum + term;
        var part = sum - Sum;
        var error = (Sum - (sum - part)) + (term - part);
        Sum = sum;
        Rest += error;
    }

    /// <summary>Adds another sum.</summary>
    public void Add(CompensatedSum other)
    {
        Add(other.Sum);
        Rest += other.Rest;
    }
}
