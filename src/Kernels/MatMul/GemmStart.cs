namespace DPT.Engine.Kernels;

/// <summary>
/// Where nothing is done to the sums but adding to them (a bias, and a residual or what C holds), a whole tile goes from
/// registers to C directly.
/// </summary>
internal readonly unsafe struct GemmStart
{
    private readonly float* _addend;
    private readonly float* _bias;

    public GemmStart(in MatMulCall call)
    {
        IsDirect = call.PreActivation.IsEmpty && call.Activation == Activation.None
            && (!call.Accumulate || call.Residual.IsEmpty);
        _addend = (float*)(call.Accumulate ? call.C : call.Residual).Address;
        _bias = (float*)call.Bias.Address;
        Stride = call.RowC;
    }

    /// <summary>Whether this shortcut holds.</summary>
    public bool IsDirect { get; }

    /// <summary>Elements from one row of the addend to the next.</summary>
    public int Stride { get; }

    /// <summary>What is added to the sums of a tile, or null.</summary>
    public float* At(int row, int column) => _addend == null ? null : _addend + ((nint)row * Stride) + column;

    /// <summary>What is added to each row of a tile, or null.</summary>
    public float* BiasAt(int column) => _bias == null ? null : _bias + column;
}
