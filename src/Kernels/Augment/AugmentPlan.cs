using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// What is to be done to one row of a batch, as 32 integers: the weak view, the square that is cut out, three operations.
/// The host draws it, so that draws and everything that needs doubles exist once; kernels read it.
/// </summary>
internal static class AugmentPlan
{
    /// <summary>Integers of a row.</summary>
    public const int Words = 32;

    /// <summary>Operations of a row.</summary>
    public const int Steps = 3;

    private const int Square = 3;
    private const int FirstStep = 7;
    private const int StepWords = 8;

    /// <summary>Draws a row of the call's batch.</summary>
    public static void Sample(in AugmentCall call, int row, Span<int> words)
    {
        words.Clear();
        var random = new PhiloxStream(call.Seed, call.Stream, call.FirstSample + row);
        if (call.Policy == AugmentPolicy.Strong)
        {
            Write(RandAugment.Sample(call.ImageSize, ref random), words);
        }

        var view = WeakView.Sample(in call, ref random);
        words[0] = view.IsMirrored ? 1 : 0;
        words[1] = view.Down;
        words[2] = view.Right;
    }

    /// <summary>The weak view of the row whose plan begins at <paramref name="first"/>.</summary>
    public static WeakView ViewOf(ArrayView<int> plan, long first, int size) =>
        new(size, plan[first] != 0, plan[first + 1], plan[first + 2]);

    /// <summary>The square that is cut out.</summary>
    public static Cutout SquareOf(ArrayView<int> plan, long first) => new(
        plan[first + Square], plan[first + Square + 1], plan[first + Square + 2], plan[first + Square + 3]);

    /// <summary>One of the operations.</summary>
    public static RandAugmentStep StepOf(ArrayView<int> plan, long first, int number)
    {
        var at = first + FirstStep + (number * StepWords);
        return new RandAugmentStep(
            (RandAugmentOp)plan[at],
            Interop.IntAsFloat((uint)plan[at + 1]),
            plan[at + 1],
            new AffineMap(plan[at + 2], plan[at + 3], plan[at + 4], plan[at + 5], plan[at + 6], plan[at + 7]));
    }

    private static void Write(RandAugment changes, Span<int> words)
    {
        var square = changes.Square;
        words[Square] = square.Left;
        words[Square + 1] = square.Top;
        words[Square + 2] = square.Right;
        words[Square + 3] = square.Bottom;
        Write(changes.First, words[FirstStep..]);
        Write(changes.Second, words[(FirstStep + StepWords)..]);
        Write(changes.Third, words[(FirstStep + (2 * StepWords))..]);
    }

    /// <summary>No operation has both an amount and a level: they share a word.</summary>
    private static void Write(RandAugmentStep step, Span<int> words)
    {
        words[0] = (int)step.Op;
        words[1] = step.Level != 0 ? step.Level : BitConverter.SingleToInt32Bits(step.Amount);
        words[2] = step.Map.StartX;
        words[3] = step.Map.StepXx;
        words[4] = step.Map.StepXy;
        words[5] = step.Map.StartY;
        words[6] = step.Map.StepYx;
        words[7] = step.Map.StepYy;
    }
}
