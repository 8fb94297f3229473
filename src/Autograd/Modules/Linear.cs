namespace DPT.Engine.Autograd;

/// <summary>A linear layer: parameters <c>weight</c> [out, in] and, with a bias, <c>bias</c> [out].</summary>
public sealed class Linear
{
    /// <summary>Registers the parameters.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="ins">Input width.</param>
    /// <param name="outs">Output width.</param>
    /// <param name="weight">Starting values of the weight.</param>
    /// <param name="bias">Starting values of the bias; null for no bias.</param>
    /// <param name="isHidden">Whether it leads from hidden layer to hidden layer, see <see cref="Parameter.IsHidden"/>.</param>
    public Linear(ParameterScope scope, int ins, int outs, Initializer weight, Initializer? bias, bool isHidden = false)
    {
        Weight = scope.Add("weight", new TensorShape(outs, ins), weight, isHidden: isHidden);
        Bias = bias is { } start ? scope.Add("bias", new TensorShape(outs), start, decays: false) : null;
    }

    /// <summary>[out, in].</summary>
    public Parameter Weight { get; }

    /// <summary>[out], or null.</summary>
    public Parameter? Bias { get; }

    /// <summary>x W^T + b + residual.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[..., in].</param>
    /// <param name="residual">[..., out], or null.</param>
    /// <param name="isFactor">Whether products or attention will read the result.</param>
    /// <returns>[..., out].</returns>
    public Tensor Forward(Tape tape, Tensor x, Tensor? residual = null, bool isFactor = false) =>
        tape.Linear(x, Weight, Bias, residual, isFactor);
}
