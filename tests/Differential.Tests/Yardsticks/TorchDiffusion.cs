using DPT.Engine.Kernels;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

internal sealed class TorchNoising : TorchVariant<NoisingCall>
{
    protected override void Compute(in NoisingCall call)
    {
        var clean = Read(call.Clean, call.Batch, call.Elements);
        var noise = Read(call.Noise, call.Batch, call.Elements);
        var alpha = Read(call.Alpha, call.Batch, 1);
        var sigma = Read(call.Sigma, call.Batch, 1);
        Write((alpha * clean) + (sigma * noise), call.Noised);
        if (!call.Velocity.IsEmpty)
        {
            Write((alpha * noise) - (sigma * clean), call.Velocity);
        }
    }
}

internal sealed class TorchTimeEmbedding : TorchVariant<TimeEmbeddingCall>
{
    /// <summary>In double precision: of times to 999 a float leaves sines that are right to four digits.</summary>
    protected override void Compute(in TimeEmbeddingCall call)
    {
        var half = call.Width / 2;
        var isSineFirst = call.Order == Sinusoids.SineFirst;
        var steps = isSineFirst ? half - 1 : half;
        var frequencies = torch.pow(1e-4, torch.arange(half, torch.ScalarType.Float64) / steps);
        var angles = (Read(call.Times, call.Batch, 1) * call.Factor).to(torch.ScalarType.Float64) * frequencies;
        var (sines, cosines) = (angles.sin(), angles.cos());
        Write(torch.cat(isSineFirst ? [sines, cosines] : [cosines, sines], 1).to(torch.ScalarType.Float32), call.Y);
    }
}

internal sealed class TorchSolverStep : TorchVariant<SolverStepCall>
{
    protected override void Compute(in SolverStepCall call)
    {
        var count = call.Count;
        Tensor Weighted(float weight, Slice<float> x) => x.IsEmpty ? torch.zeros(count) : weight * Read(x, count);

        var model = Weighted(call.ConditionalWeight, call.Conditional) + Weighted(call.UnconditionalWeight, call.Unconditional)
            + Weighted(call.StateWeight, call.State);
        var result = Weighted(call.BaseWeight, call.Base) + (call.ModelWeight * model)
            + Weighted(call.HistoryWeight0, call.History0) + Weighted(call.HistoryWeight1, call.History1);
        Write(result, call.Result);
        if (!call.Model.IsEmpty)
        {
            Write(model, call.Model);
        }
    }
}

/// <summary>As DPM-Solver has it, written for data in [-1, 1]: what lies in another range is brought there and back.</summary>
internal sealed class TorchSolverThreshold : TorchVariant<SolverThresholdCall>
{
    protected override void Compute(in SolverThresholdCall call)
    {
        var data = Read(call.Values, call.Samples, call.Elements) / call.Range;
        var limit = torch.maximum(torch.quantile(data.abs(), (float)call.Quantile, 1, keepdim: true), torch.ones(call.Samples, 1));
        Write(call.Range * torch.clamp(data, -limit, limit) / limit, call.Values);
    }
}
