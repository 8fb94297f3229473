using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Loss and gradient of a row while it is in the first-level cache; the gradient's memory holds the powers in
/// between. Limits: none; labels are checked before anything is written. Bytes: up to 12 Rows Classes. FLOPs: 8 Rows
/// Classes, an exponential counted as one.
/// </summary>
internal sealed unsafe class CrossEntropyHostV1Simd : HostVariant<CrossEntropyCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "loss and gradient of a row from the first-level cache, vectors across the classes";

    protected override void Run<V>(HostDevice device, in CrossEntropyCall call)
    {
        RequireLabels(in call);
        var rowsPerChunk = SoftmaxRow.RowsPerChunk(call.Classes);
        var job = new Job<V>
        {
            Rows = call.Rows,
            Classes = call.Classes,
            RowsPerChunk = rowsPerChunk,
            Scale = call.Scale,
            Logits = (float*)call.Logits.Address,
            Labels = (int*)call.Labels.Address,
            Targets = (float*)call.Targets.Address,
            Weights = (float*)call.RowWeights.Address,
            Losses = (float*)call.Losses.Address,
            Gradient = (float*)call.LogitsGradient.Address,
        };
        device.Workers.For((int)(((long)call.Rows + rowsPerChunk - 1) / rowsPerChunk), ref job);
    }

    private static void RequireLabels(in CrossEntropyCall call)
    {
        var labels = (int*)call.Labels.Address;
        for (var row = 0; row < call.Rows && labels != null; row++)
        {
            if ((uint)labels[row] >= (uint)call.Classes)
            {
                throw new KernelException(
                    $"crossentropy: the label of row {row} is {labels[row]}, it must be 0..{call.Classes - 1}");
            }
        }
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public int Rows;
        public int Classes;
        public int RowsPerChunk;
        public float Scale;
        public float* Logits;
        public int* Labels;
        public float* Targets;
        public float* Weights;
        public float* Losses;
        public float* Gradient;

        public readonly void Execute(int index)
        {
            var start = (long)index * RowsPerChunk;
            var end = Math.Min(Rows, start + RowsPerChunk);
            for (var row = start; row < end; row++)
            {
                var weight = Weights == null ? 1 : Weights[row];
                var logits = Logits + (row * Classes);
                var gradient = Gradient == null ? null : Gradient + (row * Classes);
                var maximum = SoftmaxRow.Maximum<V>(logits, Classes);
                var sum = SoftmaxRow.SumOfPowers<V>(logits, Classes, maximum, gradient);
                Losses[row] = weight * (Labels != null
                    ? Hard(logits, gradient, Labels[row], maximum, sum, weight * Scale)
                    : Soft(logits, gradient, Targets + (row * Classes), maximum, sum, weight * Scale));
            }
        }

        private readonly float Hard(
            float* logits, float* gradient, int label, float maximum, float sum, float factor)
        {
            if (gradient != null)
            {
                var probability = gradient[label] / sum;
                SoftmaxRow.Scale<V>(gradient, Classes, factor / sum);
                gradient[label] = (probability - 1) * factor;
            }

            return MathF.Log(sum) - (logits[label] - maximum);
        }

        private readonly float Soft(
            float* logits, float* gradient, float* targets, float maximum, float sum, float factor)
        {
            var products = new ProductStep<V> { Logits = logits, Targets = targets, Maximum = V.Broadcast(maximum) };
            HostElementwise.Range<V, ProductStep<V>>(ref products, 0, Classes);
            var total = V.Sum(products.Total);
            if (gradient != null)
            {
                var step = new GradientStep<V>
                {
                    Gradient = gradient,
                    Targets = targets,
                    PowerFactor = V.Broadcast(total / sum),
                    Factor = V.Broadcast(factor),
                };
                HostElementwise.Range<V, GradientStep<V>>(ref step, 0, Classes);
            }

            return (MathF.Log(sum) * total) - V.Sum(products.Product);
        }
    }

    /// <summary>Sums of t and of t (z - maximum), whose terms are 0 where t is.</summary>
    private struct ProductStep<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* Logits;
        public float* Targets;
        public V Maximum;
        public V Total;
        public V Product;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var target = L.Load(Targets + at, count);
            Total += target;
            var score = V.SelectLess(V.Zero, V.Abs(target), L.Load(Logits + at, count) - Maximum, V.Zero);
            Product = V.Fma(target, score, Product);
        }
    }

    /// <summary>From the powers to the gradient.</summary>
    private struct GradientStep<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* Gradient;
        public float* Targets;
        public V PowerFactor;
        public V Factor;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var wanted = L.Load(Targets + at, count);
            L.Store(Gradient + at, ((L.Load(Gradient + at, count) * PowerFactor) - wanted) * Factor, count);
        }
    }
}
