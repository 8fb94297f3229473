using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Flat arrays as packs of four floats, the widest access that there is. Only the last pack of an array may have fewer.
/// </summary>
public static class FlatPacks
{
    /// <summary>Floats of a pack.</summary>
    public const int Size = 4;

    private const int Alignment = 16;

    /// <summary>Packs of so many elements, the last one included.</summary>
    public static long Cover(long count) => (count + Size - 1) / Size;

    /// <summary>Whether all operands (those that are given) can be accessed in packs; if not, why.</summary>
    public static bool AreAligned([NotNullWhen(false)] out string? reason, params ReadOnlySpan<Slice<float>> operands)
    {
        foreach (var operand in operands)
        {
            if (!IsAligned(operand.Address, out reason))
            {
                return false;
            }
        }

        reason = null;
        return true;
    }

    /// <summary>The same for floats and bf16 beside each other.</summary>
    public static bool AreAligned([NotNullWhen(false)] out string? reason, Slice<float> floats, Slice<BFloat16> rounded) =>
        IsAligned(floats.Address, out reason) && IsAligned(rounded.Address, out reason);

    /// <summary>The pack from index <paramref name="at"/>, zeros beyond the last of <paramref name="count"/>.</summary>
    public static Float4 Load(ArrayView<float> x, long at, long count)
    {
        if (at + Size <= count)
        {
            return GlobalMemory.Load4(ref x[at]);
        }

        return new Float4
        {
            X = x[at],
            Y = at + 1 < count ? x[at + 1] : 0f,
            Z = at + 2 < count ? x[at + 2] : 0f,
        };
    }

    /// <summary>Writes the pack, and nothing beyond the last of <paramref name="count"/>.</summary>
    public static void Store(ArrayView<float> y, long at, long count, Float4 pack)
    {
        if (at + Size <= count)
        {
            GlobalMemory.Store4(ref y[at], pack);
            return;
        }

        y[at] = pack.X;
        if (at + 1 < count)
        {
            y[at + 1] = pack.Y;
        }

        if (at + 2 < count)
        {
            y[at + 2] = pack.Z;
        }
    }

    private static bool IsAligned(nint address, [NotNullWhen(false)] out string? reason)
    {
        reason = address % Alignment == 0 ? null : $"an operand does not start at a multiple of {Alignment} bytes";
        return reason is null;
    }
}
