using DPT.Engine.Kernels;

namespace Differential.Tests;

/// <summary>The list of all yardsticks, and the errors that they make.</summary>
internal static class TorchYardstick
{
    private static readonly KernelVariant[] Variants =
    [
        new TorchMatMul(),
        new TorchMatMulBf16(),
        new TorchActivation(),
        new TorchLayerNormForward(),
        new TorchLayerNormBackward(),
        new TorchBatchNormStatistics(),
        new TorchBatchNormForward(),
        new TorchBatchNormBackward(),
        new TorchGroupNormForward(),
        new TorchGroupNormBackward(),
        new TorchAttentionForward(),
        new TorchAttentionBackward(),
        new TorchAttentionForwardBf16(),
        new TorchAttentionBackwardBf16(),
        new TorchPatchEmbedForward(),
        new TorchPatchEmbedBackward(),
        new TorchUnpatchifyForward(),
        new TorchUnpatchifyBackward(),
        new TorchConvolutionForward(),
        new TorchConvolutionInputGradient(),
        new TorchConvolutionWeightGradient(),
        new TorchAxpby(),
        new TorchColumnSum(),
        new TorchRound(),
        new TorchWiden(),
        new TorchMap(),
        new TorchAxisReduce(),
        new TorchStridedCopy(),
        new TorchRowsGather(),
        new TorchRowsScatter(),
        new TorchCrossEntropy(),
        new TorchSoftmax(),
        new TorchSquaredError(),
        new TorchAdamW(),
        new TorchSgd(),
        new TorchNorm(),
        new TorchNoising(),
        new TorchTimeEmbedding(),
        new TorchSolverStep(),
        new TorchSolverThreshold(),
        new TorchDropout(),
        new TorchAugmentEdm(),
    ];

    /// <summary>Operators that PyTorch has nothing to compare with, and why.</summary>
    public static IReadOnlyDictionary<string, string> Without { get; } = new Dictionary<string, string>
    {
        ["random"] = "the numbers of Philox are ours; PyTorch draws others",
        ["pseudolabel"] = "comparisons alone: the reference and the variants agree to the last bit",
        ["freematch.thresholds"] = "the averages of USB are written down in the reference; its tests have golden values of PyTorch",
        ["freematch.fairness"] = "the term of USB is written down in the reference; its tests have finite differences",
        ["softmatch.weights"] = "the averages of USB are written down in the reference; its tests have golden values of PyTorch",
        ["flexmatch.thresholds"] = "the memory of USB is written down in the reference; its tests have golden values of PyTorch",
        ["regmixmatch.pairs"] = "lists and an order; whole steps of RegMixMatch are compared with PyTorch in another place",
        ["mix.paste"] = "moves numbers and changes none: the reference and the variants agree to the last bit",
        ["clipfactor"] = "one division; the clipping of whole gradients is compared with PyTorch's in another place",
        ["augment"] = "the random draws are ours; there is no deterministic counterpart",
    };

    /// <summary>The yardstick for an operator's call; null if there is none.</summary>
    public static KernelVariant? Find(Operator op)
    {
        var kind = typeof(KernelVariant<>).MakeGenericType(op.GetType().GetGenericArguments());
        return Array.Find(Variants, kind.IsInstanceOfType);
    }

    /// <summary>What PyTorch makes of a case, compared with the double reference, by output.</summary>
    public static Dictionary<string, ErrorStats> Errors(Device host, KernelVariant yardstick, KernelCase kernelCase, int seed)
    {
        var start = new CaseValues(kernelCase, seed);
        var truth = start.Clone();
        kernelCase.Truth(truth);
        using var memory = new CaseMemory(host, kernelCase, start);
        kernelCase.Launch(host, yardstick, memory);
        return kernelCase.Operands.Where(o => o.Role != OperandRole.Input).ToDictionary(
            o => o.Name,
            o => ErrorStats.Compare(
                memory.Read(o.Name),
                truth[o.Name],
                new Tolerance { Terms = o.Terms, ExtraError = kernelCase.ExtraError, StorageRoundoff = OperandElement.Roundoff(o) }));
    }
}
