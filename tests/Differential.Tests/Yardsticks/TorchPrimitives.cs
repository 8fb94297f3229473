using DPT.Engine.Kernels;
using static TorchSharp.torch;

namespace Differential.Tests;

internal sealed class TorchMap : TorchVariant<MapCall>
{
    protected override void Compute(in MapCall call)
    {
        var a = Read(call.A, call.Count);
        Write(
            call.Function switch
            {
                MapFunction.Add => a + Read(call.B, call.Count),
                MapFunction.Multiply => a * Read(call.B, call.Count),
                MapFunction.Divide => a / Read(call.B, call.Count),
                MapFunction.Equal => a.eq(Read(call.B, call.Count)).to_type(ScalarType.Float32),
                MapFunction.Affine => (call.Factor * a) + call.Offset,
                MapFunction.Exp => a.exp(),
                MapFunction.Log => a.log(),
                _ => a.sqrt(),
            },
            call.Y);
    }
}

internal sealed class TorchAxisReduce : TorchVariant<AxisReduceCall>
{
    protected override void Compute(in AxisReduceCall call)
    {
        var x = Read(call.X, call.Outer, call.Length, call.Inner);
        Write(call.Reduction == AxisReduction.Sum ? x.sum(1) : x.amax([1]), call.Y);
    }
}

internal sealed class TorchStridedCopy : TorchVariant<StridedCopyCall>
{
    protected override void Compute(in StridedCopyCall call)
    {
        var whole = Read(call.Y, call.Y.Length);
        View(whole, call.Sizes, call.StridesY).copy_(View(Read(call.X, call.X.Length), call.Sizes, call.StridesX));
        Write(whole, call.Y);
    }

    private static Tensor View(Tensor x, Axes4 sizes, Axes4 strides) =>
        x.as_strided([sizes.A0, sizes.A1, sizes.A2, sizes.A3], [strides.A0, strides.A1, strides.A2, strides.A3]);
}

internal sealed class TorchRowsGather : TorchVariant<RowsGatherCall>
{
    protected override void Compute(in RowsGatherCall call) =>
        Write(Read(call.Table, call.TableRows, call.Width).index_select(0, Read(call.Indices)), call.Y);
}

internal sealed class TorchRowsScatter : TorchVariant<RowsScatterCall>
{
    protected override void Compute(in RowsScatterCall call) => Write(
        Read(call.Table, call.TableRows, call.Width).index_add(0, Read(call.Indices), Read(call.X, call.Rows, call.Width), 1),
        call.Table);
}
