using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Batch normalisation of channels over all pixels of a batch, with a leaky ReLU behind it that costs nothing: with the statistics of
/// the batch while a network learns, with running ones when it is used. The rows of x are pixels; those of a <see cref="PixelGrid"/> have a
/// border that is none, which <see cref="PixelGridOps.ToPatches"/> leaves out.
/// </summary>
/// <remarks>Source: Ioffe and Szegedy, Batch Normalization (2015), algorithms 1 and 2.</remarks>
public static class BatchNormOp
{
    /// <summary>Normalises with the statistics of x, through which its gradient goes too.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[..., C].</param>
    /// <param name="gamma">Scale, [C].</param>
    /// <param name="beta">Shift, [C].</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="negativeSlope">What negative results are multiplied by, in 0..1: 1 for no activation.</param>
    /// <param name="running">What follows the statistics, once a pass: a block that is computed again does not move it; null for none.</param>
    /// <returns>Like x.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit, or x has one row, of which nothing is left.</exception>
    /// <exception cref="KernelException">The slope or the momentum is not in 0..1.</exception>
    public static Tensor BatchNorm(
        this Tape tape, Tensor x, Tensor gamma, Tensor beta, float epsilon, float negativeSlope = 1, RunningStatistics? running = null)
    {
        RequireChannels(nameof(BatchNorm), x, gamma, beta);
        var (mean, variance) = Statistics(nameof(BatchNorm), tape, x, running);
        return Run(tape, new Parts(x, gamma, beta, mean, variance, epsilon, negativeSlope, HasFixedStatistics: false));
    }

    /// <summary>Moves running statistics as <see cref="BatchNorm"/> of x does, and normalises nothing.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[..., C].</param>
    /// <param name="running">What follows the statistics of x, once a pass.</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or x has one row.</exception>
    /// <exception cref="KernelException">The momentum is not in 0..1.</exception>
    internal static void FollowBatch(this Tape tape, Tensor x, RunningStatistics running)
    {
        ArgumentNullException.ThrowIfNull(running);
        Shapes.Require(nameof(FollowBatch), nameof(running), running.Mean, new TensorShape(x.Shape.Last));
        var (mean, variance) = Statistics(nameof(FollowBatch), tape, x, running);
        mean.Release();
        variance.Release();
    }

    /// <summary>Normalises with statistics that are constants.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[..., C].</param>
    /// <param name="gamma">Scale, [C].</param>
    /// <param name="beta">Shift, [C].</param>
    /// <param name="running">Means and variances; they stay.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="negativeSlope">What negative results are multiplied by, in 0..1: 1 for no activation.</param>
    /// <returns>Like x.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    /// <exception cref="KernelException">The slope is not in 0..1.</exception>
    public static Tensor BatchNormFixed(
        this Tape tape, Tensor x, Tensor gamma, Tensor beta, RunningStatistics running, float epsilon, float negativeSlope = 1)
    {
        RequireChannels(nameof(BatchNormFixed), x, gamma, beta);
        ArgumentNullException.ThrowIfNull(running);
        Shapes.Require(nameof(BatchNormFixed), nameof(running), running.Mean, new TensorShape(x.Shape.Last));
        return Run(tape, new Parts(x, gamma, beta, running.Mean, running.Variance, epsilon, negativeSlope, HasFixedStatistics: true));
    }

    private static void RequireChannels(string op, Tensor x, Tensor gamma, Tensor beta)
    {
        Shapes.Require(op, nameof(gamma), gamma, new TensorShape(x.Shape.Last));
        Shapes.Require(op, nameof(beta), beta, new TensorShape(x.Shape.Last));
    }

    /// <summary>Mean and variance of the rows of x, which the running ones follow.</summary>
    private static (Tensor Mean, Tensor Variance) Statistics(string op, Tape tape, Tensor x, RunningStatistics? running)
    {
        if (x.Shape.Rows < 2)
        {
            throw new ArgumentException($"{op}: 'x' is {x.Shape}: one row is its own mean, and nothing is left of it");
        }

        var channels = new TensorShape(x.Shape.Last);
        var (mean, variance) = (tape.New(channels), tape.New(channels));
        var moves = running is not null && !tape.IsRecomputing;
        tape.Device.Run(BatchNormOperators.Statistics, new BatchNormStatisticsCall
        {
            Rows = x.Shape.Rows,
            Channels = x.Shape.Last,
            X = x.Data,
            Mean = mean.Data,
            Variance = variance.Data,
            Momentum = running?.Momentum ?? 0,
            RunningMean = moves ? running!.Mean.Data : default,
            RunningVariance = moves ? running!.Variance.Data : default,
        });
        return (mean, variance);
    }

    private static Tensor Run(Tape tape, Parts parts)
    {
        var (x, gamma, beta) = (parts.X, parts.Gamma, parts.Beta);
        var y = tape.New(x.Shape);
        tape.Device.Run(BatchNormOperators.Forward, new BatchNormForwardCall
        {
            Rows = x.Shape.Rows,
            Channels = x.Shape.Last,
            Epsilon = parts.Epsilon,
            NegativeSlope = parts.NegativeSlope,
            X = x.Data,
            Gamma = gamma.Data,
            Beta = beta.Data,
            Mean = parts.Mean.Data,
            Variance = parts.Variance.Data,
            Y = y.Data,
        });
        tape.Observer?.Ran(new TracedBatchNorm(
            y, x, gamma, beta, parts.Mean, parts.Variance, parts.Epsilon, parts.NegativeSlope, parts.HasFixedStatistics));
        if (tape.Records(x, gamma, beta))
        {
            tape.Record(y, new Node(y, parts));
        }

        return y;
    }

    private sealed record Parts(
        Tensor X, Tensor Gamma, Tensor Beta, Tensor Mean, Tensor Variance, float Epsilon, float NegativeSlope, bool HasFixedStatistics);

    private sealed class Node(Tensor y, Parts parts) : TapeNode(y)
    {
        public override void Backward(Tape tape)
        {
            var device = tape.Device;
            using var dx = GradientSink.Open(device, parts.X);
            using var dGamma = GradientSink.ForAdding(device, parts.Gamma);
            using var dBeta = GradientSink.ForAdding(device, parts.Beta);
            device.Run(BatchNormOperators.Backward, new BatchNormBackwardCall
            {
                Rows = Output.Shape.Rows,
                Channels = Output.Shape.Last,
                Epsilon = parts.Epsilon,
                NegativeSlope = parts.NegativeSlope,
                HasFixedStatistics = parts.HasFixedStatistics,
                X = parts.X.Data,
                Gamma = parts.Gamma.Data,
                Beta = parts.Beta.Data,
                Mean = parts.Mean.Data,
                Variance = parts.Variance.Data,
                GradientY = Output.Gradient,
                GradientX = dx.Target,
                AccumulateX = dx.Accumulate,
                GradientGamma = dGamma.Target,
                GradientBeta = dBeta.Target,
            });
        }

        public override void Release()
        {
            base.Release();
            if (!parts.HasFixedStatistics)
            {
                parts.Mean.Release();
                parts.Variance.Release();
            }
        }
    }
}

/// <summary>Means and unbiased variances of channels that follow those of batches: running = (1 - momentum) running + momentum batch.</summary>
/// <param name="Mean">[C]; has no gradient.</param>
/// <param name="Variance">[C]; has no gradient.</param>
/// <param name="Momentum">Share of a batch, in 0..1: 0.1 in PyTorch, 0.001 in FreeMatch's networks.</param>
public sealed record RunningStatistics(Tensor Mean, Tensor Variance, float Momentum);
