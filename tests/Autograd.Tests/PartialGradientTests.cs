using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>
/// Every operator with every one of its inputs, weights and biases alone asking for a gradient, the others being constants:
/// the gradient has the bits that it has among all others, and constants get no memory.
/// </summary>
public sealed class PartialGradientTests
{
    private static readonly Dictionary<string, Case> _cases = new()
    {
        ["linear"] = new(
            [("x", [3, 5, 7]), ("weight", [6, 7]), ("bias", [6]), ("residual", [3, 5, 6])],
            (tape, t, _) => tape.Linear(t("x"), t("weight"), t("bias"), t("residual"))),
        ["mlp"] = new(
            [("x", [9, 5]), ("w1", [11, 5]), ("b1", [11]), ("w2", [6, 11]), ("b2", [6]), ("residual", [9, 6])],
            (tape, t, _) => tape.Mlp(t("x"), t("w1"), t("b1"), t("w2"), t("b2"), Activation.Gelu, t("residual"))),
        ["skip linear"] = new(
            [("x", [5, 4]), ("skip", [5, 4]), ("weight", [6, 8]), ("bias", [6])],
            (tape, t, _) => tape.SkipLinear(t("x"), t("skip"), t("weight"), t("bias"))),
        ["layer norm"] = new(
            [("x", [6, 9]), ("gamma", [9]), ("beta", [9])],
            (tape, t, _) => tape.LayerNorm(t("x"), t("gamma"), t("beta"), 1e-5f)),
        ["layer norm of the first token"] = new(
            [("x", [4, 3, 9]), ("gamma", [9]), ("beta", [9])],
            (tape, t, _) => tape.LayerNormFirstToken(t("x"), t("gamma"), t("beta"), 1e-5f)),
        ["patch embedding"] = new(
            [("weight", [10, 1, 2, 2]), ("bias", [10]), ("position", [1, 5, 10]), ("class", [1, 1, 10])],
            (tape, t, _) => tape.PatchEmbed(
                Image(tape), new PatchEmbedOp.Parts(t("weight"), t("bias"), t("position"), ClassToken: t("class")))),
        ["patch embedding with labels"] = new(
            [("weight", [10, 1, 2, 2]), ("bias", [10]), ("position", [1, 5, 10]), ("table", [3, 10])],
            (tape, t, labels) => tape.PatchEmbed(
                Image(tape), new PatchEmbedOp.Parts(t("weight"), t("bias"), t("position"), t("table")), labels)),
        ["unpatchify"] = new(
            [("tokens", [2, 5, 4]), ("weight", [1, 1, 3, 3]), ("bias", [1])],
            // The tokens must have no other use and no earlier gradient, so they pass through an operator.
            (tape, t, _) => tape.Unpatchify(
                tape.Linear(t("tokens"), Filled(tape, 4, 4)), new PatchGrid(2, 1, 4, 2, ExtraTokens: 1), t("weight"), t("bias"))),
        ["attention"] = new(
            [("x", [2, 7, 6])],
            (tape, t, _) => tape.Attention(tape.Linear(t("x"), Filled(tape, 12, 6)), heads: 2)),
    };

    private static IEnumerable<TestCaseData> Cases =>
        from op in _cases
        from input in op.Value.Inputs
        select new TestCaseData(op.Key, input.Name).SetArgDisplayNames(op.Key, input.Name);

    [TestCaseSource(nameof(Cases))]
    public void Gradient_AskedByOneInputAlone_IsTheSame(string op, string input)
    {
        var all = Gradients(_cases[op], _ => true);
        var alone = Gradients(_cases[op], name => name == input);
        Assert.That(all[input].Select(Math.Abs).Max(), Is.GreaterThan(0), "the gradient is not zero");
        Assert.That(alone[input], Is.EqualTo(all[input]));
        Assert.That(alone.Keys, Is.EqualTo(new[] { input }));
    }

    [Test]
    public void PatchEmbed_OfAnImageThatAsksForAGradient_IsRefused()
    {
        using var device = new HostDevice(1);
        using var store = new ParameterStore(device);
        var image = store.Add("image", new TensorShape(1, 1, 4, 4), Initializer.One);
        var parts = new PatchEmbedOp.Parts(
            store.Add("w", new TensorShape(3, 1, 2, 2), Initializer.One),
            store.Add("b", new TensorShape(3), Initializer.One),
            store.Add("p", new TensorShape(1, 4, 3), Initializer.One));
        store.Initialize(1);
        using var tape = new Tape(device);
        Assert.That(() => tape.PatchEmbed(image, parts), Throws.ArgumentException.With.Message.Contains("'image'"));
    }

    /// <summary>The gradients of those inputs that ask for one; no memory stays behind.</summary>
    private static Dictionary<string, float[]> Gradients(Case op, Predicate<string> asks)
    {
        using var device = new HostDevice(threads: 2);
        var gradients = new Dictionary<string, float[]>();
        using (var store = new ParameterStore(device))
        {
            var constants = new List<DeviceBuffer<float>>();
            Tensor Make((string Name, int[] Shape) input, int index)
            {
                var shape = new TensorShape(input.Shape);
                var constant = device.Upload<float>(Numbers((int)shape.Count, index));
                constants.Add(constant);
                return asks(input.Name)
                    ? store.Add(input.Name, shape, Initializer.Zero)
                    : Tape.Constant(shape, constant.Slice);
            }

            var inputs = op.Inputs.Select((input, i) => (input.Name, Tensor: Make(input, i))).ToDictionary(i => i.Name, i => i.Tensor);
            store.Initialize(1);
            foreach (var (name, index) in op.Inputs.Select((input, i) => (input.Name, i)))
            {
                if (asks(name))
                {
                    device.Copy(constants[index].Slice, inputs[name].Data);
                }
            }

            using var labels = device.Upload<int>([2, 0]);
            using (var tape = new Tape(device))
            {
                var output = op.Run(tape, name => inputs[name], labels.Slice);
                using var target = device.Upload<float>(Numbers((int)output.Shape.Count, 77));
                tape.SquaredError(output, target.Slice, scale: 1);
                tape.Backward();
            }

            gradients = store.Parameters.ToDictionary(p => p.Name, p => device.Download(p.Gradient));
            constants.ForEach(constant => constant.Dispose());
        }

        Assert.That(device.Memory.LiveBlocks, Is.Zero, "device memory leaked");
        return gradients;
    }

    private static Tensor Image(Tape tape)
    {
        var image = tape.New(new TensorShape(2, 1, 4, 4));
        tape.Device.CopyIn<float>(Numbers(32, 55), image.Data);
        return image;
    }

    private static Tensor Filled(Tape tape, int outs, int ins)
    {
        var weight = tape.New(new TensorShape(outs, ins));
        tape.Device.CopyIn<float>(Numbers(outs * ins, 66), weight.Data);
        return weight;
    }

    private static float[] Numbers(int count, int sample)
    {
        var random = new PhiloxStream(11, 3, sample);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextNormal())];
    }

    private sealed record Case((string Name, int[] Shape)[] Inputs, Func<Tape, Func<string, Tensor>, Slice<int>, Tensor> Run);
}
