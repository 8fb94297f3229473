namespace DPT.Engine.Kernels;

/// <summary>
/// How far an operator's result moves when its inputs are rounded once more: the error that a backward stable algorithm
/// may make, whatever the values. Measured on the reference, so that no operator needs a condition number of its own.
/// Rounding moves a number by at most a share of itself, and a denormal by that share of the smallest normal number. What a
/// forward pass saved may stay as it was or follow from what it was given, whichever moves the result more: a kernel that
/// computes it again makes its rounding errors there too.
/// Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms, 1.5 and 1.6.
/// </summary>
internal static class Sensitivity
{
    /// <summary>One draw may leave an element where it is by luck.</summary>
    private const int Draws = 4;

    /// <summary>2^-126, in bf16 as in floats.</summary>
    private const double MinNormal = 1.1754943508222875e-38;

    /// <summary>The largest move of each element of each output; moves from and to what is not finite do not count.</summary>
    /// <param name="kernelCase">The case.</param>
    /// <param name="start">Its values before.</param>
    /// <param name="truth">Its values after.</param>
    /// <param name="roundoff">The share: 2^-24 for floats.</param>
    public static IReadOnlyDictionary<string, double[]> Of(
        KernelCase kernelCase, CaseValues start, CaseValues truth, double roundoff)
    {
        var outputs = kernelCase.Operands.Where(o => o.Role != OperandRole.Input).ToList();
        var moves = outputs.ToDictionary(o => o.Name, o => new double[o.Length]);
        for (var draw = 0; draw < Draws; draw++)
        {
            Move(draw, derive: null);
            if (kernelCase.DeriveAgain is { } derive)
            {
                Move(draw, derive);
            }
        }

        return moves;

        void Move(int draw, Action<CaseValues>? derive)
        {
            var moved = start.Clone();
            Round(kernelCase, moved, roundoff, new System.Random(draw));
            derive?.Invoke(moved);
            kernelCase.Truth(moved);
            foreach (var output in outputs)
            {
                Widen(moves[output.Name], truth[output.Name], moved[output.Name]);
            }
        }
    }

    private static void Round(KernelCase kernelCase, CaseValues values, double roundoff, System.Random random)
    {
        foreach (var operand in kernelCase.Operands.Where(o => o.Role != OperandRole.Output && OperandElement.IsReal(o)))
        {
            foreach (ref var value in values[operand.Name].AsSpan())
            {
                var move = roundoff * (Math.Abs(value) + MinNormal);
                value += value == 0 || !double.IsFinite(value) ? 0 : random.Next(2) == 0 ? move : -move;
            }
        }
    }

    private static void Widen(double[] moves, double[] from, double[] to)
    {
        for (var i = 0; i < moves.Length; i++)
        {
            var move = Math.Abs(to[i] - from[i]);
            moves[i] = double.IsFinite(move) ? Math.Max(moves[i], move) : moves[i];
        }
    }
}
