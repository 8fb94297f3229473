using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One block: a thread softmaxes some rows, then follows some classes down the rows, in their order, then every thread adds
/// up the classes, and in the end it finishes its rows. The memory of the gradient holds the softmax in between.
/// Threads: 256. Limits: none; see the thresholds for why one block. Bytes: 20 Rows Classes, most from the caches.
/// </summary>
internal sealed class FreeMatchFairnessV1Block : GpuVariant<FreeMatchFairnessCall>
{
    private static readonly GpuKernel Block = new(Kernel, threads: 256);

    public override string Name => "v1-block";

    public override string Idea => "one block: a thread per row, then a thread per class, then a thread per row";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Block];

    protected override void Run(GpuDevice device, in FreeMatchFairnessCall call)
    {
        using var labels = device.Scratch<int>(call.Rows);
        using var classes = device.Scratch<float>(4L * call.Classes);
        device.Prepare(Block)
            .With(call.Logits).With(call.Weights).With(call.Averages).With(call.Loss).With(call.LogitsGradient)
            .With(labels.Slice).With(classes.Slice).With(call.Rows).With(call.Classes).With(call.Scale)
            .On(new GridSize(1));
    }

    private static void Kernel(
        ArrayView<float> logits, ArrayView<float> weights, ArrayView<float> averages, ArrayView<float> loss,
        ArrayView<float> gradient, ArrayView<int> labels, ArrayView<float> perClass, int rows, int classes, float scale)
    {
        var counted = 0;
        for (var row = Group.IdxX; row < rows; row += Group.DimX)
        {
            var counts = weights[row] != 0;
            labels[row] = counts
                ? Softmax(logits, gradient, (long)row * classes, classes, nothing: weights[row] * 0f)
                : Clear(gradient, (long)row * classes, classes);
            counted += counts ? 1 : 0;
        }

        // Its barriers show every thread the rows.
        counted = BlockReduce.Sum(counted);
        if (counted == 0)
        {
            if (Group.IdxX == 0)
            {
                loss[0] = 0;
            }

            return;
        }

        var (a, b, count, slope) = (0L, (long)classes, 2L * classes, 3L * classes);
        for (var c = Group.IdxX; c < classes; c += Group.DimX)
        {
            var sum = 0f;
            var predicted = 0f;
            for (var row = 0; row < rows; row++)
            {
                sum += gradient[((long)row * classes) + c];
                predicted += labels[row] == c ? 1f : 0f;
            }

            perClass[a + c] = Quotient(averages[1L + c], averages[1L + classes + c]);
            perClass[b + c] = Quotient(sum, predicted);
            perClass[count + c] = predicted;
        }

        Group.Barrier();

        // The sum of a might overflow where none of its terms does.
        var max = RowArgMax.Find(perClass, a, classes).Value;
        max = max == 0 ? 1f : max;
        var sumOfA = 0f;
        var sumOfB = 0f;
        for (var c = 0; c < classes; c++)
        {
            sumOfA += perClass[a + c] / max;
            sumOfB += perClass[b + c];
        }

        sumOfA = sumOfA == 0 ? 1f : sumOfA;
        var mean = 0f;
        var value = 0f;
        for (var c = 0; c < classes; c++)
        {
            var share = perClass[a + c] / max / sumOfA;
            var part = perClass[b + c] / sumOfB;
            mean = Scalar.Fma(share / (part + FreeMatchFairnessOperator.Epsilon), part, mean);
            value = Scalar.Fma(share, RealMath.Log(GpuReal.Broadcast(part + FreeMatchFairnessOperator.Epsilon)).Value, value);
        }

        for (var c = Group.IdxX; c < classes; c += Group.DimX)
        {
            var share = perClass[a + c] / max / sumOfA;
            var part = perClass[b + c] / sumOfB;
            var rise = (share / (part + FreeMatchFairnessOperator.Epsilon)) - mean;
            var predicted = perClass[count + c];
            perClass[slope + c] = predicted == 0 ? 0f : rise / (sumOfB * predicted);
        }

        if (Group.IdxX == 0)
        {
            loss[0] = value;
        }

        Group.Barrier();
        for (var row = Group.IdxX; row < rows; row += Group.DimX)
        {
            Finish(gradient, perClass, (long)row * classes, slope, classes, scale);
        }
    }

    private static int Softmax(ArrayView<float> logits, ArrayView<float> result, long first, int classes, float nothing)
    {
        var max = RowArgMax.Find(logits, first, classes);
        var sum = nothing;
        for (var c = 0; c < classes; c++)
        {
            var power = RealMath.Exp(GpuReal.Broadcast(logits[first + c] - max.Value)).Value;
            result[first + c] = power;
            sum += power;
        }

        for (var c = 0; c < classes; c++)
        {
            result[first + c] /= sum;
        }

        return max.At;
    }

    private static int Clear(ArrayView<float> result, long first, int classes)
    {
        for (var c = 0; c < classes; c++)
        {
            result[first + c] = 0;
        }

        return -1;
    }

    private static float Quotient(float x, float y)
    {
        var quotient = x / y;
        var fits = Scalar.IsLess(quotient, float.PositiveInfinity) && !Scalar.IsLess(quotient, 0f);
        return fits ? quotient : x * 0f;
    }

    private static void Finish(
        ArrayView<float> gradient, ArrayView<float> perClass, long first, long slope, int classes, float scale)
    {
        var along = 0f;
        for (var c = 0; c < classes; c++)
        {
            along = Scalar.Fma(gradient[first + c], perClass[slope + c], along);
        }

        for (var c = 0; c < classes; c++)
        {
            var rise = perClass[slope + c] - along;
            gradient[first + c] = scale * gradient[first + c] * rise;
        }
    }
}
