using DPT.Engine.Kernels;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Differential.Tests;

internal sealed class TorchCrossEntropy : TorchVariant<CrossEntropyCall>
{
    protected override void Compute(in CrossEntropyCall call)
    {
        var logits = ReadLeaf(call.Logits, call.Rows, call.Classes);
        var targets = call.Labels.IsEmpty ? Read(call.Targets, call.Rows, call.Classes) : Read(call.Labels);
        var losses = F.cross_entropy(logits, targets, reduction: torch.nn.Reduction.None);
        if (!call.RowWeights.IsEmpty)
        {
            losses *= Read(call.RowWeights, call.Rows);
        }

        Write(losses, call.Losses);
        if (!call.LogitsGradient.IsEmpty)
        {
            (losses.sum() * call.Scale).backward();
            Write(logits.grad!, call.LogitsGradient);
        }
    }
}

internal sealed class TorchSoftmax : TorchVariant<SoftmaxCall>
{
    protected override void Compute(in SoftmaxCall call) =>
        Write(F.softmax(Read(call.Logits, call.Rows, call.Classes), 1), call.Probabilities);
}

internal sealed class TorchSquaredError : TorchVariant<SquaredErrorCall>
{
    protected override void Compute(in SquaredErrorCall call)
    {
        var prediction = Read(call.Prediction, call.Batch, call.Elements);
        var target = Read(call.Target, call.Batch, call.Elements);
        var weights = call.SampleWeights.IsEmpty ? torch.ones(call.Batch) : Read(call.SampleWeights, call.Batch);

        // PyTorch knows no mask that keeps a NaN out: what is masked is replaced before it does harm.
        prediction = torch.where(weights.unsqueeze(1) == 0, target, prediction).requires_grad_();
        var losses = F.mse_loss(prediction, target, torch.nn.Reduction.None).mean([1]) * weights;
        Write(losses, call.Losses);
        if (!call.PredictionGradient.IsEmpty)
        {
            (losses.sum() * call.Scale).backward();
            Write(prediction.grad!, call.PredictionGradient);
        }
    }
}
