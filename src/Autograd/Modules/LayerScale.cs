namespace DPT.Engine.Autograd;

/// <summary>
/// A factor for each number of a token, learned from little more than 0 on what a transformer block adds (Touvron et al. 2021, CaiT; DINOv2 has
/// it): parameter <c>gamma</c> [D].
/// </summary>
public sealed class LayerScale
{
    /// <summary>Registers the parameter.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="width">Token width D.</param>
    public LayerScale(ParameterScope scope, int width) =>
        Gamma = scope.Add("gamma", new TensorShape(width), Initializer.Constant(1e-5f), decays: false);

    /// <summary>[D].</summary>
    public Parameter Gamma { get; }

    /// <summary>residual + gamma x.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[..., D].</param>
    /// <param name="residual">Shaped like x.</param>
    /// <returns>Shaped like x.</returns>
    public Tensor Forward(Tape tape, Tensor x, Tensor residual)
    {
        var rows = new TensorShape(x.Shape.Rows, x.Shape.Last);
        var gamma = tape.Expand(tape.Reshape(Gamma, new TensorShape(1, rows.Last)), axis: 0, rows.Rows);
        return tape.Add(residual, tape.Reshape(tape.Mul(tape.Reshape(x, rows), gamma), x.Shape));
    }
}
