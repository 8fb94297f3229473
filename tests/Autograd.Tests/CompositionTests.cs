using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>
/// Fused operators composed from primitives: the same values and gradients within some roundings. So an idea can be tried first
/// and fused later, and the composition is what the fused operator is held to.
/// </summary>
public sealed class CompositionTests
{
    private delegate Tensor Network(Tape tape, Func<string, Tensor> inputs);

    [Test]
    public void CrossEntropy_Composed_IsTheFusedOne()
    {
        using var device = new HostDevice(2, selection: new KernelSelection());
        int[] classes = [2, 0, 3, 3, 1, 0];
        using var labels = device.Upload<int>(classes);
        using var oneHot = device.Upload<float>([.. classes.SelectMany(c => Enumerable.Range(0, 5).Select(i => i == c ? 1f : 0))]);
        Compare(
            device,
            [("logits", [6, 5])],
            (t, i) => t.CrossEntropy(i("logits"), labels.Slice, 0.5f),
            (t, i) =>
            {
                var shifted = t.Add(i("logits"), t.Scale(t.Expand(t.Max(i("logits"), 1), 1, 5), -1));
                var logSum = t.Log(t.Sum(t.Exp(shifted), 1));
                var picked = t.Sum(t.Mul(shifted, Tape.Constant(new(6, 5), oneHot.Slice)), 1);
                return t.Minimize(t.Reshape(t.Add(logSum, t.Scale(picked, -1)), new(6)), 0.5f);
            });
    }

    [Test]
    public void LayerNorm_Composed_IsTheFusedOne()
    {
        const int Rows = 7, Width = 12;
        const float Epsilon = 1e-5f;
        using var device = new HostDevice(2, selection: new KernelSelection());
        Compare(
            device,
            [("x", [Rows, Width]), ("g", [Width]), ("b", [Width])],
            (t, i) => t.LayerNorm(i("x"), i("g"), i("b"), Epsilon),
            (t, i) =>
            {
                Tensor OverRows(Tensor v) => t.Expand(t.Reshape(v, new(1, Width)), 0, Rows);
                Tensor OverWidth(Tensor v) => t.Expand(v, 1, Width);
                var centred = t.Add(i("x"), t.Scale(OverWidth(t.Mean(i("x"), 1)), -1));
                var variance = t.Mean(t.Mul(centred, centred), 1);
                var inverse = t.Exp(t.Scale(t.Log(t.Scale(variance, 1, Epsilon)), -0.5f));
                return t.Add(t.Mul(t.Mul(centred, OverWidth(inverse)), OverRows(i("g"))), OverRows(i("b")));
            });
    }

    [Test]
    public void SkipLinear_OfAConcatenation_IsTheFusedOne()
    {
        using var device = new HostDevice(2, selection: new KernelSelection());
        Compare(
            device,
            [("x", [5, 4]), ("skip", [5, 4]), ("w", [6, 8]), ("b", [6])],
            (t, i) => t.SkipLinear(i("x"), i("skip"), i("w"), i("b")),
            (t, i) => t.Linear(t.Concat(1, i("x"), i("skip")), i("w"), i("b")));
    }

    [Test]
    public void LabelToken_Gathered_IsThatOfTheFusedEmbedding()
    {
        using var device = new HostDevice(2, selection: new KernelSelection());
        using var labels = device.Upload<int>([3, 1]);
        Compare(
            device,
            [("image", [2, 1, 4, 4]), ("w", [6, 1, 2, 2]), ("b", [6]), ("position", [1, 5, 6]), ("table", [4, 6])],
            (t, i) => t.PatchEmbed(i("image"), new(i("w"), i("b"), i("position"), i("table")), labels.Slice),
            (t, i) =>
            {
                var patches = t.PatchEmbed(i("image"), new(i("w"), i("b"), t.Slice(i("position"), 1, 1, 4)));
                var first = t.Expand(t.Slice(i("position"), 1, 0, 1), 0, 2);
                return t.Concat(1, t.Add(t.Reshape(t.Gather(i("table"), labels.Slice), new(2, 1, 6)), first), patches);
            });
    }

    /// <summary>Along an axis with a NaN the maximum and all gradients are NaN; other rows do not know of it. Ties share.</summary>
    [Test]
    public void Max_PassesNaNBackAndSharesTies()
    {
        using var device = new HostDevice(1);
        using var store = new ParameterStore(device);
        var x = store.Add("x", new TensorShape(3, 3), Initializer.Zero);
        store.Initialize(1);
        device.CopyIn<float>([1, float.NaN, 2, 5, 1, 5, 1, 2, 3], x.Data);
        using var tape = new Tape(device);
        var y = tape.Max(x, 1);
        Assert.That(device.Download(y.Data), Is.EqualTo(new[] { float.NaN, 5, 3 }));
        tape.Minimize(y, 1);
        tape.Backward();
        Assert.That(
            device.Download(x.Gradient),
            Is.EqualTo(new[] { float.NaN, float.NaN, float.NaN, 0.5f, 0, 0.5f, 0, 0, 1 }));
    }

    /// <summary>A composed step is captured like any other: its replay gives the same bits and takes no memory.</summary>
    [Test]
    public void Composition_Captured_GivesTheSameBits()
    {
        using var device = new HostDevice(2, selection: new KernelSelection());
        using var store = new ParameterStore(device);
        var x = store.Add("x", new TensorShape(4, 3), Initializer.Normal(1));
        store.Initialize(2);
        using var indices = device.Upload<int>([2, 0, 2]);
        using var tape = new Tape(device);
        void Step()
        {
            device.Clear(store.Gradients);
            var rows = tape.Transpose(tape.Gather(x, indices.Slice), 0, 1);
            tape.Minimize(tape.Div(tape.Exp(rows), tape.Expand(tape.Max(rows, 1), 1, 3)), 1);
            tape.Backward();
        }

        Step();
        var expected = device.Download(x.Gradient);
        using var work = device.Capture(Step);
        device.Clear(store.Gradients);
        var live = device.Memory.LiveBlocks;
        work.Replay();
        Assert.That(device.Download(x.Gradient), Is.EqualTo(expected));
        Assert.That(expected, Has.Some.Not.Zero);
        Assert.That(device.Memory.LiveBlocks, Is.EqualTo(live));
    }

    private static void Compare(Device device, (string Name, int[] Shape)[] inputs, Network fused, Network composed)
    {
        using (var store = new ParameterStore(device))
        {
            foreach (var (name, shape) in inputs)
            {
                store.Add(name, new TensorShape(shape), Initializer.Normal(1));
            }

            store.Initialize(6);
            var expected = Run(store, fused);
            var actual = Run(store, composed);
            Assert.Multiple(() =>
            {
                foreach (var (name, values) in expected)
                {
                    Assert.That(values, Has.Some.Not.Zero, name);
                    Assert.That(actual[name], Is.EqualTo(values).Within(1e-5 * values.Max(Math.Abs)), name);
                }
            });
        }
    }

    /// <summary>The result and every gradient.</summary>
    private static Dictionary<string, float[]> Run(ParameterStore store, Network network)
    {
        var device = store.Device;
        var before = device.Memory.LiveBlocks;
        var results = new Dictionary<string, float[]>();
        device.Clear(store.Gradients);
        using (var tape = new Tape(device))
        {
            var y = network(tape, name => store[name]);
            results["result"] = device.Download(y.Data);
            using var target = device.Upload<float>([.. results["result"].Select((_, i) => MathF.Sin(i))]);
            if (y.Shape.Rank > 1)
            {
                tape.SquaredError(y, target.Slice, y.Shape.Count / y.Shape[0]);
            }

            tape.Backward();
        }

        Assert.That(device.Memory.LiveBlocks, Is.EqualTo(before), "device memory leaked");
        foreach (var parameter in store.Parameters)
        {
            results[parameter.Name] = device.Download(parameter.Gradient);
        }

        return results;
    }
}
