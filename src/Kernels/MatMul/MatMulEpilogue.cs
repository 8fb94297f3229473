using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace DPT.Engine.Kernels;

/// <summary>What happens to a tile of sums on its way to C: everything in <see cref="MatMulCall"/> but the product.</summary>
internal readonly unsafe struct MatMulEpilogue
{
    private readonly float* _c;
    private readonly float* _bias;
    private readonly float* _pre;
    private readonly float* _residual;
    private readonly nint _stride;
    private readonly Activation _activation;
    private readonly Activation _gradientOf;
    private readonly bool _accumulate;

    public MatMulEpilogue(in MatMulCall call)
    {
        _c = (float*)call.C.Address;
        _bias = (float*)call.Bias.Address;
        _pre = (float*)call.PreActivation.Address;
        _residual = (float*)call.Residual.Address;
        _stride = call.RowC;
        _activation = call.Activation;
        _gradientOf = call.GradientOf;
        _accumulate = call.Accumulate;
    }

    /// <summary>Fetches what finishing a tile will read: its way from memory is hidden behind the tile's product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch<V>(int row, int rows, int column) where V : struct, ISimd<V>
    {
        var operand = _gradientOf != Activation.None ? _pre : _residual;
        if (Sse.IsSupported && operand != null)
        {
            operand += ((nint)row * _stride) + column;
            for (var r = 0; r < rows; r++, operand += _stride)
            {
                Sse.Prefetch0(operand);
                Sse.Prefetch0(operand + V.Count);
            }
        }
    }

    /// <summary>Finishes a tile of sums and writes it to C.</summary>
    /// <param name="sums">First sum of the tile; rows are whole vectors.</param>
    /// <param name="sumStride">Elements from one row of sums to the next.</param>
    /// <param name="row">First row of C.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="column">First column of C.</param>
    /// <param name="columns">Number of columns.</param>
    public void Finish<V>(float* sums, nint sumStride, int row, int rows, int column, int columns)
        where V : struct, ISimd<V>
    {
        switch (_gradientOf == Activation.None ? _activation : _gradientOf)
        {
            case Activation.Gelu:
                Finish<V, GeluFunction>(sums, sumStride, row, rows, column, columns);
                break;
            case Activation.Silu:
                Finish<V, SiluFunction>(sums, sumStride, row, rows, column, columns);
                break;
            default:
                Finish<V, IdentityFunction>(sums, sumStride, row, rows, column, columns);
                break;
        }
    }

    private void Finish<V, F>(float* sums, nint sumStride, int row, int rows, int column, int columns)
        where V : struct, ISimd<V>
        where F : struct, IActivationFunction
    {
        var whole = columns - (columns % V.Count);
        for (var r = 0; r < rows; r++, sums += sumStride)
        {
            var at = ((nint)(row + r) * _stride) + column;
            for (var j = 0; j < whole; j += V.Count)
            {
                Finish<V, F, AllLanes<V>>(sums + j, at + j, column + j, V.Count);
            }

            if (whole < columns)
            {
                FinishTail<V, F>(sums + whole, at + whole, column + whole, columns - whole);
            }
        }
    }

    /// <summary>By itself: together with the whole vectors it exceeds what the JIT inlines into one method.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FinishTail<V, F>(float* sums, nint at, int column, int lanes)
        where V : struct, ISimd<V>
        where F : struct, IActivationFunction => Finish<V, F, FirstLanes<V>>(sums, at, column, lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Finish<V, F, L>(float* sums, nint at, int column, int lanes)
        where V : struct, ISimd<V>
        where F : struct, IActivationFunction
        where L : struct, ILanes<V>
    {
        var value = V.Load(sums);
        if (_gradientOf != Activation.None)
        {
            value *= F.Slope(L.Load(_pre + at, lanes));
        }
        else
        {
            value = _bias != null ? value + L.Load(_bias + column, lanes) : value;
            if (_pre != null)
            {
                L.Store(_pre + at, value, lanes);
            }

            value = F.Value(value);
            value = _residual != null ? value + L.Load(_residual + at, lanes) : value;
        }

        L.Store(_c + at, _accumulate ? value + L.Load(_c + at, lanes) : value, lanes);
    }
}
