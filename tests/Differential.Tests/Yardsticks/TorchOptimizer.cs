using DPT.Engine.Kernels;
using TorchSharp;

namespace Differential.Tests;

/// <summary>
/// The statements of torch.optim.AdamW, which cannot be started from moments that are given. (The optimiser itself is
/// compared over several steps from zero in another place.)
/// </summary>
internal sealed class TorchAdamW : TorchVariant<AdamWCall>
{
    protected override void Compute(in AdamWCall call)
    {
        var gradient = Read(call.Gradients, call.Count) * (call.GradientScale.IsEmpty ? torch.ones(1) : Read(call.GradientScale, 1));
        var parameters = Read(call.Parameters, call.Count);
        var decay = call.DecayMask.IsEmpty ? torch.ones(call.Count) : Read(call.DecayMask, call.Count);
        var moment1 = Read(call.Moment1, call.Count);
        var moment2 = Read(call.Moment2, call.Count);

        parameters.mul_(1 - (call.LearningRate * (double)call.WeightDecay * decay));
        moment1.mul_(call.Beta1).add_(gradient, 1 - (double)call.Beta1);
        moment2.mul_(call.Beta2).addcmul_(gradient, gradient, 1 - (double)call.Beta2);
        var correction1 = 1 - Math.Pow(call.Beta1, call.Step);
        var correction2 = 1 - Math.Pow(call.Beta2, call.Step);
        var denominator = (moment2.sqrt() / Math.Sqrt(correction2)).add_(call.Epsilon);
        parameters.addcdiv_(moment1, denominator, -call.LearningRate / correction1);

        Write(parameters, call.Parameters);
        Write(moment1, call.Moment1);
        Write(moment2, call.Moment2);
        Write(torch.zeros(call.Count), call.Gradients);
        if (!call.Average.IsEmpty)
        {
            Write(Read(call.Average, call.Count).lerp_(parameters, 1 - call.AverageDecay), call.Average);
        }
    }
}

/// <summary>The statements of torch.optim.SGD.</summary>
internal sealed class TorchSgd : TorchVariant<SgdCall>
{
    protected override void Compute(in SgdCall call)
    {
        var parameters = Read(call.Parameters, call.Count);
        var decay = call.DecayMask.IsEmpty ? torch.ones(call.Count) : Read(call.DecayMask, call.Count);
        var gradient = (Read(call.Gradients, call.Count) * (call.GradientScale.IsEmpty ? torch.ones(1) : Read(call.GradientScale, 1))) + (call.WeightDecay * decay * parameters);
        var velocity = Read(call.Velocity, call.Count).mul_(call.Momentum).add_(gradient);
        parameters.add_(call.Nesterov ? gradient + (velocity * call.Momentum) : velocity, -call.LearningRate);

        Write(parameters, call.Parameters);
        Write(velocity, call.Velocity);
        Write(torch.zeros(call.Count), call.Gradients);
        if (!call.Average.IsEmpty)
        {
            Write(Read(call.Average, call.Count).lerp_(parameters, 1 - call.AverageDecay), call.Average);
        }
    }
}

/// <summary>In doubles, because PyTorch's norm of floats overflows with the squares.</summary>
internal sealed class TorchNorm : TorchVariant<NormCall>
{
    protected override void Compute(in NormCall call) =>
        Write(Read(call.X, call.Count).to(torch.float64).norm().to(torch.float32), call.Result);
}
