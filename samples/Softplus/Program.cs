using DPT.Engine.Autograd;
using DPT.Engine.Kernels;
using Samples;

// The proof: values against the double reference, hard values and NaN, guard bands, unwritten elements, races.
using var host = new HostDevice();
using var simulator = new SimDevice { WatchedBytes = 128 << 10 };
var faults = new Device[] { host, simulator }.SelectMany(device => KernelProver.ProveAll(device, Softplus.Operator)).ToList();
Console.WriteLine(faults.Count == 0 ? "softplus is proven on the host and on the simulator" : string.Join('\n', faults));

// The use: which points of a square are inside a circle?
const int Count = 512;
var random = new Random(1);
float[] points = [.. Enumerable.Range(0, 2 * Count).Select(_ => (2 * random.NextSingle()) - 1)];
int[] inside = [.. points.Chunk(2).Select(p => (p[0] * p[0]) + (p[1] * p[1]) < 0.6f ? 1 : 0)];

using var store = new ParameterStore(host);
var first = new Linear(new ParameterScope(store)["first"], 2, 16, Initializer.FanIn(2), Initializer.FanIn(2));
var second = new Linear(new ParameterScope(store)["second"], 16, 2, Initializer.FanIn(16), Initializer.Zero);
store.Initialize(seed: 1);
using var optimizer = new AdamW(store, new AdamWConfig(0.9f, 0.999f, WeightDecay: 0, DecayEverything: false));
using var tape = new Tape(host);
using var x = host.Upload<float>(points);
using var labels = host.Upload<int>(inside);
var right = 0;
for (var step = 1; step <= 300; step++)
{
    var logits = second.Forward(tape, tape.Softplus(first.Forward(tape, Tape.Constant(new(Count, 2), x.Slice))));
    tape.CrossEntropy(logits, labels.Slice, scale: 1f / Count);
    right = host.Download(logits.Data).Chunk(2).Zip(inside, (p, label) => p[0] < p[1] == (label == 1)).Count(isRight => isRight);
    tape.Backward();
    optimizer.Step(learningRate: 0.02f);
}

Console.WriteLine($"a network with softplus knows {right} of {Count} points");
return faults.Count == 0 && right > 0.97 * Count ? 0 : 1;

/// <summary>The operator on a tape: its result, and the rule for the gradient of its input, g (1 - e^-y).</summary>
internal static class SoftplusOp
{
    public static Tensor Softplus(this Tape tape, Tensor x)
    {
        var result = tape.New(x.Shape);
        tape.Device.Run(Samples.Softplus.Operator, new SoftplusCall(x.Data, result.Data));
        return tape.Record(result, (x, (g, y) => tape.Mul(g, tape.Scale(tape.Exp(tape.Scale(y, -1)), -1, 1))));
    }
}
