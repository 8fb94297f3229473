namespace DPT.Engine.Autograd;

/// <summary>Layer normalisation: parameters <c>weight</c> (1) and <c>bias</c> (0).</summary>
public sealed class LayerNorm
{
    private readonly float _epsilon;

    /// <summary>Registers the parameters.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="width">Width of a row.</param>
    /// <param name="epsilon">Added to the variance: 1e-5 in U-ViT, 1e-6 in the ViT.</param>
    public LayerNorm(ParameterScope scope, int width, float epsilon)
    {
        _epsilon = epsilon;
        Weight = scope.Add("weight", new TensorShape(width), Initializer.One, decays: false);
        Bias = scope.Add("bias", new TensorShape(width), Initializer.Zero, decays: false);
    }

    /// <summary>Scale, [width].</summary>
    public Parameter Weight { get; }

    /// <summary>Shift, [width].</summary>
    public Parameter Bias { get; }

    /// <summary>Normalises every row.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[..., width].</param>
    /// <param name="isFactor">Whether products will read the result: a device that multiplies bf16 keeps it in that.</param>
    public Tensor Forward(Tape tape, Tensor x, bool isFactor = false) => tape.LayerNorm(x, Weight, Bias, _epsilon, isFactor);

    /// <summary>Normalises the first token of [B, L, D] only: [B, D].</summary>
    public Tensor ForwardFirstToken(Tape tape, Tensor x) => tape.LayerNormFirstToken(x, Weight, Bias, _epsilon);
}
