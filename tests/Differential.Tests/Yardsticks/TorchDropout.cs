using DPT.Engine.Kernels;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>PyTorch draws other masks, so it is given ours.</summary>
internal sealed unsafe class TorchDropout : TorchVariant<DropoutCall>
{
    /// <summary>1 where an element is kept, 0 where it is dropped; samples along the first axis.</summary>
    public static Tensor Kept(DrawAddress address, uint stream, float rate, params long[] shape)
    {
        var samples = (int)shape[0];
        var kept = new float[shape.Aggregate(1L, (product, side) => product * side)];
        for (var sample = 0; sample < samples; sample++)
        {
            var numbers = new PhiloxStream(address.Seed, stream, address.FirstSample + sample);
            foreach (ref var element in kept.AsSpan(sample * (kept.Length / samples), kept.Length / samples))
            {
                element = numbers.NextUniform() < rate ? 0 : 1;
            }
        }

        return torch.tensor(kept, shape);
    }

    protected override void Compute(in DropoutCall call)
    {
        var words = (ulong*)call.Draw.Address;
        var kept = Kept(new DrawAddress(words[0], (long)words[1]), call.Stream, call.Rate, call.Samples, call.Elements);
        var x = Read(call.X, call.Samples, call.Elements);
        Write(torch.where(kept == 1, x / (1 - call.Rate), torch.zeros_like(x)), call.Y);
    }
}
