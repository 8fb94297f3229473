using DPT.Engine.Kernels;
using F = TorchSharp.torch.nn.functional;

namespace Differential.Tests;

internal sealed class TorchLayerNormForward : TorchVariant<LayerNormForwardCall>
{
    protected override void Compute(in LayerNormForwardCall call)
    {
        var x = ReadRows(call.X, call.Rows, call.Width, call.RowX);
        var variance = x.var(1, unbiased: false);
        var y = F.layer_norm(x, [call.Width], Read(call.Gamma, call.Width), Read(call.Beta, call.Width), call.Epsilon);
        if (call.Y.IsEmpty)
        {
            Write(y, call.RoundedY);
        }
        else
        {
            Write(y, call.Y);
        }

        Write(x.mean([1]), call.Mean);
        Write((variance + call.Epsilon).rsqrt(), call.InverseDeviation);
    }
}

/// <summary>From the saved mean and deviation, which PyTorch's own gradient takes too but does not let a caller give.</summary>
internal sealed class TorchLayerNormBackward : TorchVariant<LayerNormBackwardCall>
{
    protected override void Compute(in LayerNormBackwardCall call)
    {
        var inverse = Read(call.InverseDeviation, call.Rows, 1);
        var normal = (ReadRows(call.X, call.Rows, call.Width, call.RowX) - Read(call.Mean, call.Rows, 1)) * inverse;
        var gradient = call.GradientY.IsEmpty
            ? Read(call.RoundedGradientY, call.Rows, call.Width)
            : Read(call.GradientY, call.Rows, call.Width);
        var scaled = gradient * Read(call.Gamma, call.Width);
        var centred = scaled - scaled.mean([1], keepdim: true);
        var dx = inverse * (centred - (normal * (scaled * normal).mean([1], keepdim: true)));
        if (call.AccumulateX)
        {
            dx = ReadRows(call.GradientX, call.Rows, call.Width, call.RowX) + dx;
        }

        WriteRows(dx, call.GradientX, call.RowX);
        Add((gradient * normal).sum([0]), call.GradientGamma);
        Add(gradient.sum([0]), call.GradientBeta);
    }
}
