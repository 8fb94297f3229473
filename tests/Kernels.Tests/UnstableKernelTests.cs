using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// Kernels that are right on tame values and wrong on others, as people have written them: the hard cases must report each
/// of them, and nothing about the same kernel without its fault.
/// </summary>
public sealed unsafe class UnstableKernelTests
{
    [TestCase(false, ExpectedResult = 0)]
    [TestCase(true, ExpectedResult = 1)]
    public int Softmax_WithoutSubtractingTheMaximum(bool planted) => Proofs(LossOperators.Softmax, call =>
    {
        ForEachRow(call, (x, y, n) => Softmax(x, y, n, planted ? 0 : Maximum(x, n)));
    });

    [TestCase(false, ExpectedResult = 0)]
    [TestCase(true, ExpectedResult = 1)]
    public int Softmax_MaximumWithoutTheLastClass(bool planted) => Proofs(LossOperators.Softmax, call =>
    {
        ForEachRow(call, (x, y, n) => Softmax(x, y, n, Maximum(x, planted && n > 1 ? n - 1 : n)));
    });

    [TestCase(false, ExpectedResult = 0)]
    [TestCase(true, ExpectedResult = 1)]
    public int Softmax_ClampThatSwallowsNaN(bool planted) => Proofs(LossOperators.Softmax, call =>
    {
        ForEachRow(call, (x, y, n) =>
        {
            Softmax(x, y, n, Maximum(x, n));
            for (var i = 0; i < n; i++)
            {
                y[i] = planted && !(y[i] >= 0) ? 0 : y[i];
            }
        });
    });

    [TestCase(false, ExpectedResult = 0)]
    [TestCase(true, ExpectedResult = 1)]
    public int LayerNorm_VarianceAsDifferenceOfSquares(bool planted) => Proofs(LayerNormOperators.Forward, call =>
    {
        for (var row = 0; row < call.Rows; row++)
        {
            var x = (float*)call.X.Address + ((long)row * call.RowX);
            float sum = 0, squares = 0;
            for (var i = 0; i < call.Width; i++)
            {
                sum += x[i];
            }

            var mean = sum / call.Width;
            var lost = 0f;
            for (var i = 0; i < call.Width && !planted; i++)
            {
                lost += (x[i] - mean) / call.Width;
            }

            mean += lost;
            var centre = planted ? 0 : mean;
            for (var i = 0; i < call.Width; i++)
            {
                squares += (x[i] - centre) * (x[i] - centre);
            }

            var variance = (squares / call.Width) - (planted ? mean * mean : 0);
            var inverse = 1 / MathF.Sqrt(variance + call.Epsilon);
            ((float*)call.Mean.Address)[row] = mean;
            ((float*)call.InverseDeviation.Address)[row] = inverse;
            for (var i = 0; i < call.Width; i++)
            {
                ((float*)call.Y.Address)[((long)row * call.Width) + i] =
                    ((x[i] - mean) * inverse * ((float*)call.Gamma.Address)[i]) + ((float*)call.Beta.Address)[i];
            }
        }
    });

    [TestCase(false, ExpectedResult = 0)]
    [TestCase(true, ExpectedResult = 1)]
    public int BatchNorm_VarianceAsDifferenceOfSquares(bool planted) => Proofs(BatchNormOperators.Statistics, call =>
    {
        var x = (float*)call.X.Address;
        for (var channel = 0; channel < call.Channels; channel++)
        {
            var sum = 0.0;
            var squares = 0f;
            for (var at = (long)channel; at < (long)call.Rows * call.Channels; at += call.Channels)
            {
                sum += x[at] - x[channel];
            }

            var shift = (float)(sum / call.Rows);
            for (var at = (long)channel; at < (long)call.Rows * call.Channels; at += call.Channels)
            {
                var distance = planted ? x[at] : x[at] - x[channel] - shift;
                squares += distance * distance;
            }

            var mean = x[channel] + shift;
            var variance = (squares / call.Rows) - (planted ? mean * mean : 0);
            ((float*)call.Mean.Address)[channel] = mean;
            ((float*)call.Variance.Address)[channel] = variance;
            if (!call.RunningMean.IsEmpty)
            {
                Move((float*)call.RunningMean.Address + channel, mean, call.Momentum);
                Move((float*)call.RunningVariance.Address + channel, variance * call.Rows / (call.Rows - 1), call.Momentum);
            }
        }

        static void Move(float* running, float batch, float momentum) => *running = ((1 - momentum) * *running) + (momentum * batch);
    });

    [TestCase(false, ExpectedResult = 0)]
    [TestCase(true, ExpectedResult = 1)]
    public int Convolution_BorderThatLeavesTheFilterOut(bool planted) => Proofs(ConvolutionOperators.InputGradient, call =>
    {
        // A filter that is not finite makes NaN of the zeros at the border too.
        var (s, map) = (call.Sizes, call.Sizes.TurnedWindows);
        var w = (float*)call.Weight.Address;
        var dx = (float*)call.InputGradient.Address;
        for (var i = 0; i < s.Inputs * s.Channels; i++)
        {
            var (pixel, channel) = Math.DivRem(i, s.Channels);
            var (group, column) = Math.DivRem(channel, s.GroupChannels);
            var (filter, sum) = (FilterMap.Turned(in s, group), 0f);
            for (var k = 0; k < map.Elements; k++)
            {
                var at = map.At(pixel, k);
                if (at >= 0 || !planted)
                {
                    sum += (at < 0 ? 0 : ((float*)call.OutputGradient.Address)[at + (group * s.GroupOuts)]) * w[filter.At(k, column)];
                }
            }

            dx[i] = sum + (call.Accumulate ? dx[i] : 0);
        }
    });

    [TestCase(false, ExpectedResult = 0)]
    [TestCase(true, ExpectedResult = 1)]
    public int Threshold_MaximumThatSwallowsNaN(bool planted) => Proofs(SolverOperators.Threshold, call =>
    {
        for (var sample = 0; sample < call.Samples; sample++)
        {
            var values = new Span<float>((float*)call.Values.Address + ((long)sample * call.Elements), call.Elements);
            var magnitudes = Array.ConvertAll(values.ToArray(), MathF.Abs);
            Array.Sort(magnitudes);
            var next = magnitudes[Math.Min(call.Rank + (call.Weight > 0 ? 1 : 0), call.Elements - 1)];
            var quantile = magnitudes.Any(float.IsNaN) ? float.NaN
                : magnitudes[call.Rank] + (call.Weight * (next - magnitudes[call.Rank]));
            var limit = planted && !(quantile > call.Range) ? call.Range : MathF.Max(quantile, call.Range);
            foreach (ref var x in values)
            {
                x = MathF.Max(-limit, MathF.Min(limit, x)) / (limit / call.Range);
            }
        }
    });

    [TestCase(false, ExpectedResult = 0)]
    [TestCase(true, ExpectedResult = 1)]
    public int Attention_WithoutSubtractingTheMaximum(bool planted) => Proofs(AttentionOperators.Forward, call =>
    {
        var scores = stackalloc float[call.Tokens];
        var powers = stackalloc float[call.Tokens];
        var row = 3L * call.Heads * call.HeadSize;
        for (var b = 0; b < call.Batch; b++)
        {
            for (var h = 0; h < call.Heads; h++)
            {
                for (var i = 0; i < call.Tokens; i++)
                {
                    var q = (float*)call.Qkv.Address + (((long)b * call.Tokens) * row) + ((long)h * call.HeadSize);
                    for (var j = 0; j < call.Tokens; j++)
                    {
                        var k = q + (j * row) + ((long)call.Heads * call.HeadSize);
                        scores[j] = Dot(q + (i * row), k, call.HeadSize) / MathF.Sqrt(call.HeadSize);
                    }

                    var maximum = planted ? 0 : Maximum(scores, call.Tokens);
                    Softmax(scores, powers, call.Tokens, maximum);
                    for (var c = 0; c < call.HeadSize; c++)
                    {
                        var sum = 0f;
                        for (var j = 0; j < call.Tokens; j++)
                        {
                            sum += powers[j] * q[(j * row) + (2L * call.Heads * call.HeadSize) + c];
                        }

                        var at = (((((long)b * call.Tokens) + i) * call.Heads) + h) * call.HeadSize;
                        ((float*)call.Output.Address)[at + c] = sum;
                    }

                    if (!call.LogSumExp.IsEmpty)
                    {
                        var total = 0f;
                        for (var j = 0; j < call.Tokens; j++)
                        {
                            total += MathF.Exp(scores[j] - maximum);
                        }

                        ((float*)call.LogSumExp.Address)[((((long)b * call.Heads) + h) * call.Tokens) + i] =
                            maximum + MathF.Log(total);
                    }
                }
            }
        }
    });

    [TestCase(false, ExpectedResult = 0)]
    [TestCase(true, ExpectedResult = 1)]
    public int Norm_OfSquaresInFloats(bool planted) => Proofs(OptimizerOperators.Norm, call =>
    {
        var (single, wide) = (0f, 0.0);
        for (var i = 0L; i < call.Count; i++)
        {
            var x = ((float*)call.X.Address)[i];
            single += x * x;
            wide += (double)x * x;
        }

        *(float*)call.Result.Address = planted ? MathF.Sqrt(single) : (float)Math.Sqrt(wide);
    });

    private delegate void Row(float* x, float* y, int count);

    private static void ForEachRow(in SoftmaxCall call, Row row)
    {
        for (var r = 0; r < call.Rows; r++)
        {
            var at = (long)r * call.Classes;
            row((float*)call.Logits.Address + at, (float*)call.Probabilities.Address + at, call.Classes);
        }
    }

    private static float Maximum(float* x, int count)
    {
        var maximum = float.NegativeInfinity;
        for (var i = 0; i < count; i++)
        {
            maximum = MathF.Max(maximum, x[i]);
        }

        return maximum;
    }

    private static void Softmax(float* x, float* y, int count, float maximum)
    {
        var sum = 0f;
        for (var i = 0; i < count; i++)
        {
            y[i] = MathF.Exp(x[i] - maximum);
            sum += y[i];
        }

        for (var i = 0; i < count; i++)
        {
            y[i] /= sum;
        }
    }

    private static float Dot(float* x, float* y, int count)
    {
        var sum = 0f;
        for (var i = 0; i < count; i++)
        {
            sum += x[i] * y[i];
        }

        return sum;
    }

    /// <summary>1 if the proof of the operator's own and hard cases, those in floats, finds a fault, else 0.</summary>
    private static int Proofs<TCall>(Operator<TCall> op, Action<TCall> kernel) where TCall : struct, IKernelCall
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        var variant = new Planted<TCall>(kernel);
        var faults = op.Cases().Concat(HardCases.Of(op, _ => true))
            .Where(c => c.Operands.All(o => o.Element != typeof(BFloat16)))
            .SelectMany(c => KernelProver.Prove(device, op, variant, c)).ToList();
        TestContext.Out.WriteLine($"{faults.Count} faults, first: {faults.FirstOrDefault()}");
        return Math.Min(1, faults.Count);
    }

    private sealed class Planted<TCall>(Action<TCall> kernel) : KernelVariant<TCall> where TCall : struct, IKernelCall
    {
        public override string Name => "planted";

        public override string Idea => "whatever the test plants";

        public override DeviceKind Targets => DeviceKind.Host;

        public override void Launch(Device device, in TCall call) => kernel(call);
    }
}
