using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>How a parameter starts.</summary>
public readonly record struct Initializer
{
    private enum Kind
    {
        Constant,
        Normal,
        Uniform,
        IdentityConvolution,
    }

    private Kind Distribution { get; init; }

    private float Value { get; init; }

    /// <summary>All zero.</summary>
    public static Initializer Zero => Constant(0);

    /// <summary>All one.</summary>
    public static Initializer One => Constant(1);

    /// <summary>Every element the same.</summary>
    public static Initializer Constant(float value) => new() { Distribution = Kind.Constant, Value = value };

    /// <summary>Normal with mean 0.</summary>
    public static Initializer Normal(float deviation) => new() { Distribution = Kind.Normal, Value = deviation };

    /// <summary>Uniform in [-bound, bound).</summary>
    public static Initializer Uniform(float bound) => new() { Distribution = Kind.Uniform, Value = bound };

    /// <summary>PyTorch's default for linear and convolution layers: uniform with bound 1/sqrt(fanIn).</summary>
    public static Initializer FanIn(int fanIn) => Uniform(1 / MathF.Sqrt(fanIn));

    /// <summary>Kaiming He's for ReLU, in the direction of the gradient: normal with deviation sqrt(2/fanOut).</summary>
    /// <param name="fanOut">Numbers that each input of the layer reaches; of a convolution output channels times kh kw.</param>
    public static Initializer FanOutNormal(int fanOut) => Normal(MathF.Sqrt(2f / fanOut));

    /// <summary>Xavier Glorot's: normal with deviation sqrt(2/(fanIn + fanOut)).</summary>
    public static Initializer XavierNormal(int fanIn, int fanOut) => Normal(MathF.Sqrt(2f / (fanIn + fanOut)));

    /// <summary>Xavier Glorot's of even numbers, times a gain: uniform with bound gain sqrt(6/(fanIn + fanOut)).</summary>
    /// <param name="fanIn">Numbers that each output of the layer sees; of a convolution channels times kh kw.</param>
    /// <param name="fanOut">Numbers that each input reaches; of a convolution output channels times kh kw.</param>
    /// <param name="gain">Factor.</param>
    public static Initializer XavierUniform(int fanIn, int fanOut, float gain = 1) => Uniform(gain * MathF.Sqrt(6f / (fanIn + fanOut)));

    /// <summary>A 3x3 convolution of as many channels in as out, [C, C, 3, 3], that changes nothing.</summary>
    public static Initializer IdentityConvolution => new() { Distribution = Kind.IdentityConvolution };

    /// <summary>Draws the elements of one parameter; they depend on (seed, index of the parameter) alone.</summary>
    internal void Fill(Span<float> values, ulong seed, int index)
    {
        if (Distribution == Kind.IdentityConvolution)
        {
            FillIdentity(values);
            return;
        }

        var random = new PhiloxStream(seed, RandomStreams.Initialisation, index);
        foreach (ref var value in values)
        {
            value = Distribution switch
            {
                Kind.Constant => Value,
                Kind.Normal => Value * random.NextNormal(),
                _ => Value * ((2 * random.NextUniform()) - 1),
            };
        }
    }

    private static void FillIdentity(Span<float> values)
    {
        const int Taps = 9, Centre = 4;
        var channels = (int)Math.Round(Math.Sqrt(values.Length / (double)Taps));
        values.Clear();
        for (var channel = 0; channel < channels; channel++)
        {
            values[(((channel * channels) + channel) * Taps) + Centre] = 1;
        }
    }
}
