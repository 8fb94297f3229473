using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>Group normalisation: parameters <c>weight</c> (1) and <c>bias</c> (0).</summary>
public sealed class GroupNorm
{
    private readonly int _groups;
    private readonly float _epsilon;
    private readonly Activation _activation;

    /// <summary>Registers the parameters.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="channels">Numbers of a pixel.</param>
    /// <param name="groups">Groups; divides the channels. 32 in Stable Diffusion's autoencoder, min(32, channels / 4) in SongUNet.</param>
    /// <param name="epsilon">Added to the variance: 1e-6 in both.</param>
    /// <param name="activation">Behind it: none or SiLU.</param>
    /// <exception cref="ArgumentException">The groups do not divide the channels.</exception>
    public GroupNorm(ParameterScope scope, int channels, int groups, float epsilon, Activation activation = Activation.None)
    {
        if (groups < 1 || channels < 1 || channels % groups != 0)
        {
            throw new ArgumentException($"{groups} groups do not cut {channels} channels into whole ones");
        }

        (_groups, _epsilon, _activation) = (groups, epsilon, activation);
        Weight = scope.Add("weight", new TensorShape(channels), Initializer.One, decays: false);
        Bias = scope.Add("bias", new TensorShape(channels), Initializer.Zero, decays: false);
    }

    /// <summary>Scale, [channels].</summary>
    public Parameter Weight { get; }

    /// <summary>Shift, [channels].</summary>
    public Parameter Bias { get; }

    /// <summary>Normalises each image's groups.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[B, pixels, channels], or [B, H, W, channels].</param>
    public Tensor Forward(Tape tape, Tensor x) => tape.GroupNorm(x, _groups, Weight, Bias, _epsilon, _activation);
}
