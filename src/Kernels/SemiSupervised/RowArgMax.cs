using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>The largest number of a row and where it stands; of equal ones the first.</summary>
/// <param name="at">Its place in the row.</param>
/// <param name="value">The number.</param>
/// <param name="isFinite">Whether all numbers of the row are finite.</param>
internal readonly unsafe struct RowArgMax(int at, float value, bool isFinite)
{
    public readonly int At = at;
    public readonly float Value = value;
    public readonly bool IsFinite = isFinite;

    /// <summary>On the host.</summary>
    public static RowArgMax Find(float* row, int count)
    {
        var at = 0;
        var isFinite = true;
        for (var i = 0; i < count; i++)
        {
            isFinite &= float.IsFinite(row[i]);
            at = row[i] > row[at] ? i : at;
        }

        return new RowArgMax(at, row[at], isFinite);
    }

    /// <summary>By one thread of a GPU.</summary>
    public static RowArgMax Find(ArrayView<float> numbers, long first, int count)
    {
        var at = 0;
        var max = float.NegativeInfinity;
        var zero = 0f;
        for (var i = 0; i < count; i++)
        {
            var number = numbers[first + i];

            // Zero times what is not finite is NaN.
            zero = Scalar.Fma(number, 0f, zero);
            var isLarger = Scalar.IsLess(max, number);
            at = isLarger ? i : at;
            max = isLarger ? number : max;
        }

        return new RowArgMax(at, max, zero == 0f);
    }
}
