using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// Assignments in which all prototypes have about equal shares of a batch: in turns, each prototype's column and each image's row are
/// divided by their sums (Sinkhorn and Knopp 1967; spec 2.2). The common factors of the reference cancel and are left out.
/// </summary>
internal static class SinkhornBalance
{
    private const int Rounds = 3;

    /// <summary>
    /// Added to sums: the least normal number, nothing beside any other. A prototype that no image of the batch has anything of stays at 0;
    /// the reference divides 0 by 0 there.
    /// </summary>
    private const float LeastSum = 1.17549435e-38f;

    /// <summary>Balances assignments.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="assignments">[B, P], at least 0, each row with a sum of 1.</param>
    /// <returns>[B, P], each row with a sum of 1.</returns>
    public static Tensor Of(Tape tape, Tensor assignments)
    {
        for (var round = 0; round < Rounds; round++)
        {
            assignments = Normalised(tape, Normalised(tape, assignments, axis: 0), axis: 1);
        }

        return assignments;
    }

    private static Tensor Normalised(Tape tape, Tensor x, int axis) =>
        tape.Div(x, tape.Expand(tape.Scale(tape.Sum(x, axis), 1, LeastSum), axis, x.Shape[axis]));
}
