namespace DPT.Engine.Autograd;

/// <summary>
/// The pre-norm transformer block of ViT and U-ViT: x += attention(norm1(x)); x += mlp(norm2(x)). Parameter names are
/// the official ones: <c>norm1</c>, <c>attn.qkv</c>, <c>attn.proj</c>, <c>norm2</c>, <c>mlp.fc1</c>, <c>mlp.fc2</c>, and <c>ls1</c>, <c>ls2</c> where there is layer scale.
/// </summary>
public sealed class TransformerBlock
{
    private readonly int _heads;
    private readonly LayerNorm _norm1;
    private readonly Linear _qkv;
    private readonly Linear _projection;
    private readonly LayerNorm _norm2;
    private readonly Linear _fc1;
    private readonly Linear _fc2;
    private readonly (LayerScale OfAttention, LayerScale OfMlp)? _scales;

    /// <summary>Registers the parameters.</summary>
    public TransformerBlock(ParameterScope scope, TransformerBlockConfig config)
    {
        config.Validate();
        var (width, hidden) = (config.Width, config.Width * config.MlpRatio);
        _heads = config.Heads;
        _norm1 = new LayerNorm(scope["norm1"], width, config.NormEpsilon);
        _qkv = new Linear(
            scope["attn"]["qkv"], width, 3 * width, config.Weight(width), config.QkvBias ? Initializer.Zero : null, isHidden: true);
        _projection = new Linear(scope["attn"]["proj"], width, width, config.Weight(width), Initializer.Zero, isHidden: true);
        _norm2 = new LayerNorm(scope["norm2"], width, config.NormEpsilon);
        _fc1 = new Linear(scope["mlp"]["fc1"], width, hidden, config.Weight(width), Initializer.Zero, isHidden: true);
        _fc2 = new Linear(scope["mlp"]["fc2"], hidden, width, config.Weight(hidden), Initializer.Zero, isHidden: true);
        _scales = config.LayerScale ? (new LayerScale(scope["ls1"], width), new LayerScale(scope["ls2"], width)) : null;
    }

    /// <summary>[B, L, D] to [B, L, D]. Where nothing is recorded, only the result is kept.</summary>
    public Tensor Forward(Tape tape, Tensor x) => tape.Recording ? Run(tape, x) : tape.WithoutGradient(() => Run(tape, x));

    private Tensor Run(Tape tape, Tensor x)
    {
        var attended = tape.Attention(_qkv.Forward(tape, _norm1.Forward(tape, x, isFactor: true), isFactor: true), _heads);
        if (_scales is not { } scales)
        {
            x = _projection.Forward(tape, attended, residual: x);
            return Mlp(tape, x, residual: x);
        }

        x = scales.OfAttention.Forward(tape, _projection.Forward(tape, attended), residual: x);
        return scales.OfMlp.Forward(tape, Mlp(tape, x, residual: null), residual: x);
    }

    private Tensor Mlp(Tape tape, Tensor x, Tensor? residual) => tape.Mlp(
        _norm2.Forward(tape, x, isFactor: true), _fc1.Weight, _fc1.Bias!, _fc2.Weight, _fc2.Bias!, residual: residual);
}

/// <summary>The sizes and choices of a transformer block.</summary>
/// <param name="Width">Token width D.</param>
/// <param name="Heads">Attention heads; divides D.</param>
/// <param name="MlpRatio">Hidden width of the MLP over D.</param>
/// <param name="QkvBias">Whether q, k, v have a bias (ViT yes, U-ViT no).</param>
/// <param name="NormEpsilon">Epsilon of the norms.</param>
/// <param name="WeightDeviation">
/// Standard deviation of the starting weights (0.02 officially); 0 for PyTorch's default of a linear layer.
/// </param>
public sealed record TransformerBlockConfig(
    int Width, int Heads, int MlpRatio, bool QkvBias, float NormEpsilon, float WeightDeviation)
{
    /// <summary>Whether what attention and MLP add is scaled (<see cref="LayerScale"/>); of ours and of the official ViTs nothing is.</summary>
    public bool LayerScale { get; init; }

    /// <summary>Starting values of a linear weight with <paramref name="fanIn"/> inputs.</summary>
    public Initializer Weight(int fanIn) =>
        WeightDeviation > 0 ? Initializer.Normal(WeightDeviation) : Initializer.FanIn(fanIn);

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="ArgumentException">A size is not positive, or the heads do not divide the width.</exception>
    public void Validate()
    {
        if (Width < 1 || Heads < 1 || MlpRatio < 1 || Width % Heads != 0)
        {
            throw new ArgumentException(
                $"a block of width {Width} cannot have {Heads} heads and MLP ratio {MlpRatio}: all must be positive "
                + "and the heads must divide the width");
        }
    }
}
