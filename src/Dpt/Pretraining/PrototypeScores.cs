using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// How much embeddings are like prototypes: cosines over a temperature, scores whose softmax assigns an embedding to prototypes.
/// Source: spec 2.2.
/// </summary>
internal static class PrototypeScores
{
    /// <summary>
    /// The square of the length below which a vector is taken to have no direction, and points nowhere: 1e-12, as PyTorch's normalize has it.
    /// </summary>
    private const float LeastSquare = 1e-24f;

    /// <summary>Scores of embeddings.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="embeddings">[N, O], of any length.</param>
    /// <param name="prototypes">[P, O], of any length.</param>
    /// <param name="temperature">What cosines are divided by, above 0.</param>
    /// <returns>[N, P], within 1 / temperature of 0.</returns>
    public static Tensor Of(Tape tape, Tensor embeddings, Tensor prototypes, double temperature) =>
        tape.Scale(tape.Linear(Directions(tape, embeddings), Directions(tape, prototypes)), (float)(1 / temperature));

    /// <summary>Rows at length 1.</summary>
    private static Tensor Directions(Tape tape, Tensor rows)
    {
        var squares = tape.Sum(tape.Mul(rows, rows), axis: 1);
        var lengths = tape.Sqrt(tape.Scale(squares, 1, LeastSquare));
        return tape.Div(rows, tape.Expand(lengths, axis: 1, rows.Shape[1]));
    }
}
