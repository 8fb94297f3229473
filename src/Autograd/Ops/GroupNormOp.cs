using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>Group normalisation: of each image's groups of neighbouring channels over all its pixels, with SiLU behind it if it is asked for.</summary>
/// <remarks>Source: Wu and He, Group Normalization (2018).</remarks>
public static class GroupNormOp
{
    /// <summary>Normalises.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[B, pixels, C], or [B, H, W, C].</param>
    /// <param name="groups">Groups; divides C.</param>
    /// <param name="gamma">Scale, [C].</param>
    /// <param name="beta">Shift, [C].</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="activation"><see cref="Activation.None"/> or <see cref="Activation.Silu"/>.</param>
    /// <returns>Like x.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    /// <exception cref="KernelException">The groups do not divide the channels, or the activation is another.</exception>
    public static Tensor GroupNorm(
        this Tape tape, Tensor x, int groups, Tensor gamma, Tensor beta, float epsilon, Activation activation = Activation.None)
    {
        var pixels = Pixels(x);
        Shapes.Require(nameof(GroupNorm), nameof(gamma), gamma, new TensorShape(x.Shape.Last));
        Shapes.Require(nameof(GroupNorm), nameof(beta), beta, new TensorShape(x.Shape.Last));
        var statistics = new TensorShape(x.Shape[0], Math.Max(1, groups));
        var (y, mean, variance) = (tape.New(x.Shape), tape.New(statistics), tape.New(statistics));
        tape.Device.Run(GroupNormOperators.Forward, new GroupNormForwardCall
        {
            Batch = x.Shape[0],
            Pixels = pixels,
            Channels = x.Shape.Last,
            Groups = groups,
            Epsilon = epsilon,
            Activation = activation,
            X = x.Data,
            Gamma = gamma.Data,
            Beta = beta.Data,
            Y = y.Data,
            Mean = mean.Data,
            Variance = variance.Data,
        });
        tape.Observer?.Ran(new TracedGroupNorm(y, x, groups, gamma, beta, epsilon, activation));
        if (tape.Records(x, gamma, beta))
        {
            tape.Record(y, new Node(y, x, groups, gamma, beta, mean, variance, epsilon, activation));
        }

        return y;
    }

    /// <summary>Everything between the first axis and the last.</summary>
    private static int Pixels(Tensor x)
    {
        if (x.Shape.Rank is not (3 or 4))
        {
            throw new ArgumentException($"{nameof(GroupNorm)}: x is {x.Shape}, it must be [B, pixels, C] or [B, H, W, C]");
        }

        return checked((int)(x.Shape.Count / x.Shape[0] / x.Shape.Last));
    }

    private sealed class Node(
        Tensor y, Tensor x, int groups, Tensor gamma, Tensor beta, Tensor mean, Tensor variance, float epsilon, Activation activation)
        : TapeNode(y)
    {
        public override void Backward(Tape tape)
        {
            var device = tape.Device;
            using var dx = GradientSink.Open(device, x);
            using var dGamma = GradientSink.ForAdding(device, gamma);
            using var dBeta = GradientSink.ForAdding(device, beta);
            device.Run(GroupNormOperators.Backward, new GroupNormBackwardCall
            {
                Batch = x.Shape[0],
                Pixels = Pixels(x),
                Channels = x.Shape.Last,
                Groups = groups,
                Epsilon = epsilon,
                Activation = activation,
                X = x.Data,
                Gamma = gamma.Data,
                Beta = beta.Data,
                Mean = mean.Data,
                Variance = variance.Data,
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
            mean.Release();
            variance.Release();
        }
    }
}
