using DPT.Engine.Kernels;
using static TorchSharp.torch;

namespace Differential.Tests;

internal sealed class TorchAxpby : TorchVariant<AxpbyCall>
{
    protected override void Compute(in AxpbyCall call)
    {
        var scaled = call.Alpha * Read(call.X, call.Count);
        Write(call.Beta == 0 ? scaled : scaled + (call.Beta * Read(call.Y, call.Count)), call.Y);
    }
}

internal sealed class TorchColumnSum : TorchVariant<ColumnSumCall>
{
    protected override void Compute(in ColumnSumCall call) =>
        Add(Rows(in call).sum([0]), call.Sum);

    private static Tensor Rows(in ColumnSumCall call) => call.X.IsEmpty
        ? ReadRows(call.RoundedX, call.Rows, call.Columns, call.RowX)
        : ReadRows(call.X, call.Rows, call.Columns, call.RowX);
}

internal sealed class TorchRound : TorchVariant<RoundCall>
{
    protected override void Compute(in RoundCall call) => Write(Read(call.X, call.Count), call.Y);
}

internal sealed class TorchWiden : TorchVariant<WidenCall>
{
    protected override void Compute(in WidenCall call) => Write(Read(call.X, call.Count), call.Y);
}
