using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Vector functions against double precision, on dense ranges and special values, at every width.</summary>
public sealed unsafe class RealMathTests
{
    private delegate void Apply(float* values, int count);

    private static readonly SimdWidth[] Widths = Enum.GetValues<SimdWidth>();

    [Test]
    public void Exp_NormalResults_WithinTwoUlp([ValueSource(nameof(Widths))] SimdWidth width) =>
        AssertClose(Run<Exp>(width), Math.Exp, Range(-87.3f, 88.2f), truth => 2.5e-7 * truth);

    [Test]
    public void Exp_OutsideTheNormalRange_FadesToZeroOrStaysFinite([ValueSource(nameof(Widths))] SimdWidth width)
    {
        var y = Values(
            Run<Exp>(width),
            [float.NegativeInfinity, float.MinValue, -1000, -104, -87.5f, -0f, float.Epsilon, 89, float.MaxValue]);
        Assert.Multiple(() =>
        {
            Assert.That(y[..4], Is.All.Zero);
            Assert.That(y[4], Is.EqualTo(Math.Exp(-87.5)).Within(1e-43));
            Assert.That(y[5..7], Is.All.EqualTo(1f));
            Assert.That(y[7..], Is.All.InRange(2e38f, float.MaxValue));
        });
    }

    [Test]
    public void Log_PositiveNormals_WithinTwoUlp([ValueSource(nameof(Widths))] SimdWidth width)
    {
        AssertClose(Run<Log>(width), Math.Log, Range(0.4f, 2.5f), truth => 3e-7 * Math.Abs(truth));
        var powers = Range(-125.9f, 127.9f).Select(x => (float)Math.Pow(2, x)).ToArray();
        AssertClose(Run<Log>(width), Math.Log, powers, truth => 3e-7 * Math.Abs(truth));
        Assert.That(Values(Run<Log>(width), [1f, float.PositiveInfinity]), Is.EqualTo([0f, float.PositiveInfinity]));
    }

    [Test]
    public void Gelu_DenseRange_MatchesErf([ValueSource(nameof(Widths))] SimdWidth width)
    {
        foreach (var x in Arguments)
        {
            AssertClose(Run<Gelu>(width), v => v * NormalCdf(v), x, truth => 2e-7 * (1 + Math.Abs(truth)));
            AssertClose(Run<GeluGradient>(width), GeluDerivative, x, _ => 3e-7);
        }
    }

    [Test]
    public void Silu_DenseRange_MatchesTheLogisticFunction([ValueSource(nameof(Widths))] SimdWidth width)
    {
        foreach (var x in Arguments)
        {
            AssertClose(Run<Silu>(width), v => v * Sigmoid(v), x, truth => 2e-7 * (1 + Math.Abs(truth)));
            AssertClose(Run<SiluGradient>(width), SiluDerivative, x, _ => 3e-7);
            AssertClose(Run<Logistic>(width), Sigmoid, x, truth => (3e-7 * truth) + 1e-37);
        }
    }

    [Test]
    public void SinCosTwoPi_Turns_MatchesSineAndCosine([ValueSource(nameof(Widths))] SimdWidth width)
    {
        foreach (var u in new[] { Range(0, 1), Range(-3, 3), Range(1000, 1001) })
        {
            AssertClose(Run<Sin>(width), v => Math.Sin(2 * Math.PI * v), u, _ => 2e-7);
            AssertClose(Run<Cos>(width), v => Math.Cos(2 * Math.PI * v), u, _ => 2e-7);
        }
    }

    [Test]
    public void EveryFunction_Nan_GivesNan([ValueSource(nameof(Widths))] SimdWidth width)
    {
        Apply[] functions =
        [
            Run<Exp>(width), Run<Log>(width), Run<Gelu>(width), Run<GeluGradient>(width), Run<Silu>(width),
            Run<SiluGradient>(width), Run<Logistic>(width), Run<Sin>(width), Run<Cos>(width),
        ];
        foreach (var function in functions)
        {
            Assert.That(Values(function, [float.NaN, -float.NaN]), Is.All.NaN);
        }
    }

    private static IEnumerable<float[]> Arguments =>
    [
        Range(-12, 12), Range(-0.01f, 0.01f), Range(-200, 200),
        [0f, -0f, 1e-30f, -1e-30f, float.Epsilon, 1e4f, -1e4f, 1e30f, -1e30f, float.MaxValue, float.MinValue],
    ];

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double SiluDerivative(double x) => x < -700 ? 0 : Sigmoid(x) * (1 + (x * Sigmoid(-x)));

    private static double GeluDerivative(double x) =>
        NormalCdf(x) + (Math.Abs(x) > 40 ? 0 : x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI));

    /// <summary>The Taylor series of the error function near zero, its continued fraction in the tails.</summary>
    private static double NormalCdf(double x)
    {
        if (x > 0)
        {
            return 1 - NormalCdf(-x);
        }

        if (x < -38)
        {
            return 0;
        }

        var density = Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        if (x > -3)
        {
            double term = x, sum = x;
            for (var n = 3; n < 120; n += 2)
            {
                term *= x * x / n;
                sum += term;
            }

            return 0.5 + (density * sum);
        }

        var fraction = -x;
        for (var n = 120; n > 0; n--)
        {
            fraction = -x + (n / fraction);
        }

        return density / fraction;
    }

    private static float[] Range(float from, float to) =>
        [.. Enumerable.Range(0, 20_001).Select(i => from + ((to - from) * i / 20_000f))];

    private static float[] Values(Apply function, float[] x)
    {
        // A whole number of the widest vectors; the padding is computed and dropped.
        var padded = new float[(x.Length + 15) / 16 * 16];
        x.CopyTo(padded, 0);
        fixed (float* p = padded)
        {
            function(p, padded.Length);
        }

        return padded[..x.Length];
    }

    private static void AssertClose(Apply function, Func<double, double> truth, float[] x, Func<double, double> bound)
    {
        var y = Values(function, x);
        for (var i = 0; i < x.Length; i++)
        {
            var expected = truth(x[i]);
            if (!(Math.Abs(y[i] - expected) <= bound(expected)))
            {
                Assert.Fail($"f({x[i]:g9}) is {y[i]:g9}, should be {expected:g9} within {bound(expected):g2}");
            }
        }
    }

    private static Apply Run<F>(SimdWidth width) where F : struct, IFunction => width switch
    {
        SimdWidth.Vector512 => Loop<F, Simd512>,
        SimdWidth.Vector256 => Loop<F, Simd256>,
        _ => Loop<F, SimdScalar>,
    };

    private static void Loop<F, V>(float* values, int count) where F : struct, IFunction where V : struct, ISimd<V>
    {
        for (var i = 0; i < count; i += V.Count)
        {
            V.Store(values + i, F.Of(V.Load(values + i)));
        }
    }

    private interface IFunction
    {
        static abstract V Of<V>(V x) where V : struct, ISimd<V>;
    }

    private readonly struct Exp : IFunction
    {
        public static V Of<V>(V x) where V : struct, ISimd<V> => RealMath.Exp(x);
    }

    private readonly struct Log : IFunction
    {
        public static V Of<V>(V x) where V : struct, ISimd<V> => RealMath.Log(x);
    }

    private readonly struct Gelu : IFunction
    {
        public static V Of<V>(V x) where V : struct, ISimd<V> => RealMath.Gelu(x);
    }

    private readonly struct GeluGradient : IFunction
    {
        public static V Of<V>(V x) where V : struct, ISimd<V> => RealMath.GeluGradient(x);
    }

    private readonly struct Silu : IFunction
    {
        public static V Of<V>(V x) where V : struct, ISimd<V> => RealMath.Silu(x);
    }

    private readonly struct SiluGradient : IFunction
    {
        public static V Of<V>(V x) where V : struct, ISimd<V> => RealMath.SiluGradient(x);
    }

    private readonly struct Logistic : IFunction
    {
        public static V Of<V>(V x) where V : struct, ISimd<V> => RealMath.Sigmoid(x);
    }

    private readonly struct Sin : IFunction
    {
        public static V Of<V>(V x) where V : struct, ISimd<V>
        {
            RealMath.SinCosTwoPi(x, out var sin, out _);
            return sin;
        }
    }

    private readonly struct Cos : IFunction
    {
        public static V Of<V>(V x) where V : struct, ISimd<V>
        {
            RealMath.SinCosTwoPi(x, out _, out var cos);
            return cos;
        }
    }
}
