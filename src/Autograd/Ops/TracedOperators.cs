using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary><see cref="PatchEmbedOp.PatchEmbed"/>.</summary>
public sealed record TracedPatchEmbed(Tensor Output, Tensor Image, PatchEmbedOp.Parts Parts, bool HasLabels, bool HasTimes) : TracedOperator(Output);

/// <summary><see cref="LinearOp.Linear"/>.</summary>
public sealed record TracedLinear(Tensor Output, Tensor X, Tensor Weight, Tensor? Bias, Tensor? Residual) : TracedOperator(Output);

/// <summary><see cref="SkipLinearOp.SkipLinear"/>.</summary>
public sealed record TracedSkipLinear(Tensor Output, Tensor X, Tensor Skip, Tensor Weight, Tensor Bias) : TracedOperator(Output);

/// <summary><see cref="AttentionOp.Attention"/>.</summary>
public sealed record TracedAttention(Tensor Output, Tensor Qkv, int Heads) : TracedOperator(Output);

/// <summary><see cref="MlpOp.Mlp"/>.</summary>
public sealed record TracedMlp(
    Tensor Output, Tensor X, Tensor Weight1, Tensor Bias1, Tensor Weight2, Tensor Bias2, Activation Activation, Tensor? Residual)
    : TracedOperator(Output);

/// <summary><see cref="LayerNormOp.LayerNorm"/> of all tokens, or of the first alone.</summary>
public sealed record TracedLayerNorm(Tensor Output, Tensor X, Tensor Gamma, Tensor Beta, float Epsilon, bool FirstToken) : TracedOperator(Output);

/// <summary><see cref="BatchNormOp.BatchNorm"/>, or <see cref="BatchNormOp.BatchNormFixed"/> where the statistics are fixed.</summary>
public sealed record TracedBatchNorm(
    Tensor Output, Tensor X, Tensor Gamma, Tensor Beta, Tensor Mean, Tensor Variance, float Epsilon, float NegativeSlope, bool HasFixedStatistics)
    : TracedOperator(Output);

/// <summary><see cref="GroupNormOp.GroupNorm"/>.</summary>
public sealed record TracedGroupNorm(
    Tensor Output, Tensor X, int Groups, Tensor Gamma, Tensor Beta, float Epsilon, Activation Activation) : TracedOperator(Output);

/// <summary><see cref="TimeEmbeddingOp.TimeEmbedding"/> of the times of the images.</summary>
public sealed record TracedTimeEmbedding(Tensor Output, Sinusoids Order, float Factor) : TracedOperator(Output);

/// <summary><see cref="ResampleOp.UpSample"/>.</summary>
public sealed record TracedUpSample(Tensor Output, Tensor X) : TracedOperator(Output);

/// <summary>The sum of every four pixels, of which <see cref="ResampleOp.DownSample"/> makes their mean.</summary>
public sealed record TracedSumOfFour(Tensor Output, Tensor X) : TracedOperator(Output);

/// <summary><see cref="UnpatchifyOp.Unpatchify"/>.</summary>
public sealed record TracedUnpatchify(Tensor Output, Tensor Tokens, PatchGrid Grid, Tensor? Weight, Tensor? Bias) : TracedOperator(Output);

/// <summary><see cref="ActivationOp.Activate"/>.</summary>
public sealed record TracedActivation(Tensor Output, Tensor X, Activation Function) : TracedOperator(Output);

/// <summary><see cref="ConvolutionOp.Convolve"/>.</summary>
public sealed record TracedConvolution(Tensor Output, Tensor X, PixelGrid Grid, Tensor Weight, Tensor? Bias, Tensor? Residual) : TracedOperator(Output);

/// <summary><see cref="Conv2dOp.Conv2d"/>.</summary>
public sealed record TracedConv2d(Tensor Output, Tensor X, Tensor Weight, Conv2dOptions Options, Tensor? Bias, Tensor? Residual) : TracedOperator(Output);

/// <summary><see cref="PixelGridOps.FromPatches"/>.</summary>
public sealed record TracedFromPatches(Tensor Output, Tensor Tokens, PixelGrid Grid, int Patch) : TracedOperator(Output);

/// <summary><see cref="PixelGridOps.ToPatches"/>.</summary>
public sealed record TracedToPatches(Tensor Output, Tensor Rows, PixelGrid Grid, int Patch) : TracedOperator(Output);

/// <summary>Element by element: <see cref="Primitives.Add"/>, <see cref="Primitives.Mul"/>, <see cref="Primitives.Scale"/> and the like.</summary>
public sealed record TracedMap(Tensor Output, MapFunction Function, Tensor A, Tensor? B, float Factor, float Offset) : TracedOperator(Output);

/// <summary><see cref="Primitives.Gather"/> by the labels of the images.</summary>
public sealed record TracedGather(Tensor Output, Tensor Table) : TracedOperator(Output);

/// <summary><see cref="Primitives.Sum"/> and <see cref="Primitives.Max"/>; the axis counts from 0.</summary>
public sealed record TracedReduction(Tensor Output, AxisReduction Reduction, Tensor X, int Axis) : TracedOperator(Output);

/// <summary><see cref="Primitives.Reshape"/>.</summary>
public sealed record TracedReshape(Tensor Output, Tensor X) : TracedOperator(Output);

/// <summary><see cref="Primitives.Transpose"/>; axes count from 0.</summary>
public sealed record TracedTranspose(Tensor Output, Tensor X, int Axis, int Other) : TracedOperator(Output);

/// <summary><see cref="Primitives.Expand"/>; the axis counts from 0.</summary>
public sealed record TracedExpand(Tensor Output, Tensor X, int Axis) : TracedOperator(Output);

/// <summary><see cref="Primitives.Slice"/>; the axis counts from 0.</summary>
public sealed record TracedSlice(Tensor Output, Tensor X, int Axis, int Start) : TracedOperator(Output);

/// <summary><see cref="Primitives.Concat"/> and <see cref="Primitives.Pad"/>: parts at their places along an axis, which counts from 0.</summary>
public sealed record TracedPlacement(Tensor Output, int Axis, IReadOnlyList<(Tensor X, int Start)> Parts) : TracedOperator(Output);
