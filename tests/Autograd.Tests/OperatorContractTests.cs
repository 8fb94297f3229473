using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>What operators promise besides their gradients: shapes refused, losses weighted, and who learns from whom.</summary>
public sealed class OperatorContractTests
{
    private HostDevice _device = null!;
    private ParameterStore _store = null!;
    private Tape _tape = null!;

    [SetUp]
    public void Open()
    {
        _device = new HostDevice(1);
        _store = new ParameterStore(_device);
        _tape = new Tape(_device);
    }

    [TearDown]
    public void Close()
    {
        _tape.Dispose();
        _store.Dispose();
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory leaked");
        _device.Dispose();
    }

    /// <summary>The loss is reported unscaled and weighted by row; its gradient is weighted and scaled.</summary>
    [Test]
    public void CrossEntropy_WeightsLossesAndGradients_ScalesGradientsOnly()
    {
        var logits = _store.Add("logits", new TensorShape(2, 2), Initializer.Zero);
        _store.Initialize(1);
        using var labels = _device.Upload<int>([0, 1]);
        using var weights = _device.Upload<float>([3, 0.5f]);
        var losses = _tape.CrossEntropy(logits, labels.Slice, scale: 0.25f, weights.Slice);
        Assert.Multiple(() =>
        {
            Assert.That(_device.Download(losses.Data), Is.EqualTo(new[] { 3 * Math.Log(2), 0.5 * Math.Log(2) }).Within(1e-6));
            Assert.That(
                _device.Download(logits.Gradient),
                Is.EqualTo(new[] { -0.5 * 0.75, 0.5 * 0.75, 0.5 * 0.125, -0.5 * 0.125 }).Within(1e-6));
        });
    }

    [Test]
    public void SquaredError_WeightsLossesAndGradients_ScalesGradientsOnly()
    {
        var x = _store.Add("x", new TensorShape(2, 2), Initializer.One);
        _store.Initialize(1);
        using var target = _device.Upload<float>([0, 2, 3, 1]);
        using var weights = _device.Upload<float>([1, 4]);
        var losses = _tape.SquaredError(x, target.Slice, scale: 0.5f, weights.Slice);
        Assert.Multiple(() =>
        {
            // Mean over two elements: (1 + 1) / 2, and 4 (4 + 0) / 2; gradients 2 (x - y) / 2, weighted and scaled.
            Assert.That(_device.Download(losses.Data), Is.EqualTo(new[] { 1.0, 8.0 }).Within(1e-6));
            Assert.That(_device.Download(x.Gradient), Is.EqualTo(new[] { 0.5, -0.5, -4, 0 }).Within(1e-6));
        });
    }

    [Test]
    public void Losses_WithoutRecording_LeaveNoGradient()
    {
        var x = _store.Add("x", new TensorShape(1, 2), Initializer.One);
        _store.Initialize(1);
        using var target = _device.Upload<float>([0, 0]);
        _tape.WithoutGradient(() => _tape.SquaredError(x, target.Slice, 1));
        Assert.That(_device.Download(x.Gradient), Is.All.Zero);
    }

    [Test]
    public void Patches_ThatDoNotCutAPicture_AreRefused([Values(-1, 0, 2, 4)] int patch)
    {
        var grid = new PixelGrid(1, 3);
        var (tokens, rows) = (Ones("tokens", 1, 9, 4), Ones("rows", grid.Rows, 4));
        _store.Initialize(1);
        RequireRefused(() => _tape.FromPatches(tokens, grid, patch));
        RequireRefused(() => _tape.ToPatches(rows, grid, patch));

        void RequireRefused(Func<Tensor> work) => Assert.That(
            work, Throws.ArgumentException.With.Message.Contains($"a patch of {patch} pixels does not cut 3 into whole ones"));
    }

    [Test]
    public void Images_ThatCannotBeHalved_AreRefused()
    {
        var (odd, narrow, flat) = (Ones("odd", 1, 3, 4, 2), Ones("narrow", 1, 4, 1, 2), Ones("flat", 4, 4));
        _store.Initialize(1);
        Assert.Multiple(() =>
        {
            Assert.That(() => _tape.DownSample(odd), Throws.ArgumentException.With.Message.Contains("DownSample: images of 3 x 4 pixels cannot be halved"));
            Assert.That(() => _tape.DownSample(narrow), Throws.ArgumentException.With.Message.Contains("images of 4 x 1 pixels"));
            Assert.That(() => _tape.DownSample(flat), Throws.ArgumentException.With.Message.Contains("DownSample"));
            Assert.That(() => _tape.UpSample(flat), Throws.ArgumentException.With.Message.Contains("UpSample"));
            Assert.That(
                () => _tape.GroupNorm(flat, 1, flat, flat, 1), Throws.ArgumentException.With.Message.Contains("it must be [B, pixels, C] or [B, H, W, C]"));
        });
    }

    /// <summary>y = W x + b of data: nothing but the layer itself learns, and it must.</summary>
    [Test]
    public void Linear_OfConstantInput_Learns()
    {
        var (weight, bias) = (Ones("w", 1, 2), Ones("b", 1));
        _store.Initialize(1);
        using var data = _device.Upload<float>([2, 5]);
        using var target = _device.Upload<float>([7]);
        _tape.SquaredError(_tape.Linear(Tape.Constant(new TensorShape(1, 2), data.Slice), weight, bias), target.Slice, 1);
        _tape.Backward();
        Assert.Multiple(() =>
        {
            // y - target = 1, so the gradient of y is 2.
            Assert.That(_device.Download(weight.Gradient), Is.EqualTo(new[] { 4f, 10f }));
            Assert.That(_device.Download(bias.Gradient), Is.EqualTo(new[] { 2f }));
        });
    }

    [Test]
    public void Mlp_WhoseSecondLayerAloneLearns_Learns()
    {
        var (w2, b2) = (Ones("w2", 1, 2), Ones("b2", 1));
        _store.Initialize(1);
        using var data = _device.Upload<float>([10, 10, 10, 10]);
        using var zeros = _device.Upload<float>([0, 0]);
        var matrix = Tape.Constant(new TensorShape(2, 2), data.Slice);
        var y = _tape.Mlp(
            Tape.Constant(new TensorShape(1, 2), data.Slice.Range(0, 2)), matrix,
            Tape.Constant(new TensorShape(2), zeros.Slice), w2, b2);
        using var target = _device.Upload<float>([400]);
        _tape.SquaredError(y, target.Slice, 1);
        _tape.Backward();
        Assert.Multiple(() =>
        {
            // Both hidden values are GELU(200) = 200; y = 401, so the gradient of y is 2.
            Assert.That(_device.Download(w2.Gradient), Is.EqualTo(new[] { 400f, 400f }).Within(1e-2));
            Assert.That(_device.Download(b2.Gradient), Is.EqualTo(new[] { 2f }).Within(1e-3));
        });
    }

    [Test]
    public void Unpatchify_OfConstantTokens_LearnsItsConvolution()
    {
        var (weight, bias) = (Ones("w", 1, 1, 3, 3), _store.Add("b", new TensorShape(1), Initializer.Zero));
        _store.Initialize(1);
        var grid = new PatchGrid(Batch: 1, Channels: 1, ImageSize: 2, PatchSize: 2, ExtraTokens: 0);
        using var data = _device.Upload<float>([1, 0, 0, 0]);
        using var target = _device.Upload<float>([0, 0, 0, 0]);
        var image = _tape.Unpatchify(Tape.Constant(new TensorShape(1, 1, 4), data.Slice), grid, weight, bias);
        _tape.SquaredError(image, target.Slice, 1);
        _tape.Backward();
        // Only the first pixel is lit; each of the four outputs is 1 and sees it through one tap, with gradient 2/4.
        Assert.That(
            _device.Download(weight.Gradient), Is.EqualTo(new[] { 0.5f, 0.5f, 0, 0.5f, 0.5f, 0, 0, 0, 0 }).Within(1e-6));
    }

    /// <summary>
    /// A stream that goes through one layer and around it: the layer's gradients are those of the whole, though the
    /// output's gradient changes hands on the way.
    /// </summary>
    [Test]
    public void Residual_OfAComputedTensor_PassesTheGradientWithoutCopying()
    {
        var start = Ones("start", 1, 1);
        var layer = Ones("layer", 1, 1);
        _store.Initialize(1);
        using var data = _device.Upload<float>([3]);
        using var target = _device.Upload<float>([1]);
        var x = _tape.Linear(Tape.Constant(new TensorShape(1, 1), data.Slice), start);
        _tape.SquaredError(_tape.Linear(x, layer, residual: x), target.Slice, 1);
        _tape.Backward();
        Assert.Multiple(() =>
        {
            // y = 2 x = 6, so its gradient is 10: that of the layer's weight is 10 x, that of x twice 10.
            Assert.That(_device.Download(layer.Gradient), Is.EqualTo(new[] { 30f }));
            Assert.That(_device.Download(start.Gradient), Is.EqualTo(new[] { 60f }));
        });
    }

    /// <summary>A parameter read by two operators and added to by a residual connection keeps all it was given.</summary>
    [Test]
    public void Parameter_UsedAsInputWeightAndResidual_AddsUp()
    {
        var x = Ones("x", 1, 1);
        _store.Initialize(1);
        using var target = _device.Upload<float>([0]);
        _tape.SquaredError(_tape.Linear(x, x, residual: x), target.Slice, 1);
        _tape.Backward();
        // y = x^2 + x = 2; d(y^2)/dx = 2 y (2 x + 1).
        Assert.That(_device.Download(x.Gradient), Is.EqualTo(new[] { 12f }));
    }

    [Test]
    public void Linear_WhoseResidualAloneLearns_PassesItsGradientOn()
    {
        var residual = Ones("residual", 1, 1);
        _store.Initialize(1);
        using var data = _device.Upload<float>([2]);
        using var target = _device.Upload<float>([0]);
        var two = Tape.Constant(new TensorShape(1, 1), data.Slice);
        _tape.SquaredError(_tape.Linear(two, two, residual: residual), target.Slice, 1);
        _tape.Backward();
        // y = 2 * 2 + 1.
        Assert.That(_device.Download(residual.Gradient), Is.EqualTo(new[] { 10f }));
    }

    [Test]
    public void Backward_OfABranchWithoutLoss_SkipsIt()
    {
        var weight = Ones("w", 1, 1);
        _store.Initialize(1);
        using var data = _device.Upload<float>([3]);
        using var target = _device.Upload<float>([2]);
        var x = Tape.Constant(new TensorShape(1, 1), data.Slice);
        _tape.SquaredError(_tape.Linear(x, weight), target.Slice, 1);
        _tape.Linear(x, weight);
        _tape.Backward();
        Assert.That(_device.Download(weight.Gradient), Is.EqualTo(new[] { 6f }));
    }

    /// <summary>The first token of every sequence; the others get no gradient, whatever their memory held before.</summary>
    [Test]
    public void LayerNormFirstToken_TakesTheFirstTokenOfEverySequence()
    {
        const int Batch = 3, Tokens = 2, Width = 4;
        var (x, one) = (_store.Add("x", new TensorShape(Batch, Tokens, Width), Initializer.Normal(1)), Ones("one", Width));
        var (zero, unit) = (_store.Add("zero", new TensorShape(Width), Initializer.Zero), Ones("unit", Width, Width));
        _store.Initialize(1);
        _device.CopyIn<float>([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], unit.Data);
        var rows = _device.Download(x.Data).Chunk(Width).Where((_, i) => i % Tokens == 0).SelectMany(row => row).ToArray();
        using var picked = _device.Upload<float>(rows);
        var expected = _tape.LayerNorm(Tape.Constant(new TensorShape(Batch, Width), picked.Slice), one, zero, 1e-5f);
        LeaveDirt(_device, Batch * Tokens * Width);
        var y = _tape.LayerNormFirstToken(_tape.Linear(x, unit), one, zero, 1e-5f);
        Assert.That(_device.Download(y.Data), Is.EqualTo(_device.Download(expected.Data)));
        using var target = _device.Upload<float>(new float[Batch * Width]);
        _tape.SquaredError(y, target.Slice, 1);
        LeaveDirt(_device, Batch * Tokens * Width);
        _tape.Backward();
        var others = _device.Download(x.Gradient).Chunk(Width).Where((_, i) => i % Tokens != 0).SelectMany(row => row);
        Assert.That(others, Is.All.Zero);
    }

    [Test]
    public void AddedGradient_StartsFromZeroAndThenStays()
    {
        using var device = new HostDevice(1);
        using var tape = new Tape(device);
        var tensor = tape.New(new TensorShape(4));
        tensor.NeedsGradient = true;
        LeaveDirt(device, 4);
        using (var first = GradientSink.ForAdding(device, tensor))
        {
            Assert.That(device.Download(first.Target), Is.All.Zero);
            device.CopyIn<float>([1, 2, 3, 4], first.Target);
        }

        using var second = GradientSink.ForAdding(device, tensor);
        Assert.That(device.Download(second.Target), Is.EqualTo(new[] { 1f, 2, 3, 4 }));
    }

    [Test]
    public void WrittenGradient_JoinsWhatHasArrived()
    {
        using var device = new HostDevice(1);
        using var tape = new Tape(device);
        var tensor = tape.New(new TensorShape(2));
        tensor.NeedsGradient = true;
        foreach (var gradient in new float[][] { [1, 2], [10, 20] })
        {
            using var sink = GradientSink.ForWriting(device, tensor);
            Assert.That(sink.Accumulate, Is.False);
            device.CopyIn<float>(gradient, sink.Target);
        }

        Assert.That(device.Download(tensor.Gradient), Is.EqualTo(new[] { 11f, 22 }));
    }

    [TestCase(1e-5f)]
    [TestCase(4f)]
    public void LayerNorm_AddsItsEpsilonToTheVariance(float epsilon)
    {
        var (gamma, beta) = (Ones("gamma", 2), _store.Add("beta", new TensorShape(2), Initializer.Zero));
        _store.Initialize(1);
        using var data = _device.Upload<float>([-1, 3]);
        var y = _tape.LayerNorm(Tape.Constant(new TensorShape(1, 2), data.Slice), gamma, beta, epsilon);
        var expected = 2 / Math.Sqrt(4 + epsilon);
        Assert.That(_device.Download(y.Data), Is.EqualTo(new[] { -expected, expected }).Within(1e-6));
    }

    /// <summary>One weight and one stream in two layers, each with its residual connection.</summary>
    [Test]
    public void Linear_SameInputTwice_AddsItsGradients()
    {
        var x = _store.Add("x", new TensorShape(4, 5), Initializer.Normal(0.7f));
        var weight = _store.Add("weight", new TensorShape(5, 5), Initializer.Normal(0.7f));
        _store.Initialize(3);
        using var target = _device.Upload<float>(new float[20]);
        GradientCheck.Run(_store, tape => tape.SquaredError(
            tape.Linear(tape.Linear(x, weight, residual: x), weight, residual: x), target.Slice, scale: 1));
    }

    [Test]
    public void Losses_TwoOnOneInput_AddTheirGradients()
    {
        var x = _store.Add("x", new TensorShape(2, 3), Initializer.Normal(0.7f));
        var weight = _store.Add("weight", new TensorShape(3, 3), Initializer.Normal(0.7f));
        _store.Initialize(3);
        using var first = _device.Upload<int>([0, 2]);
        using var second = _device.Upload<int>([1, 1]);
        float[] Gradient(params Slice<int>[] labels)
        {
            var logits = _tape.Linear(x, weight);
            foreach (var l in labels)
            {
                _tape.CrossEntropy(logits, l, 1);
            }

            _tape.Backward();
            var gradient = _device.Download(weight.Gradient);
            _device.Clear(_store.Gradients);
            return gradient;
        }

        var sum = Gradient(first.Slice).Zip(Gradient(second.Slice), (a, b) => a + b).ToArray();
        Assert.That(Gradient(first.Slice, second.Slice), Is.EqualTo(sum).Within(1e-6));
    }

    /// <summary>The first of two sinks is written when the second has been added to: neither loses its gradient.</summary>
    [Test]
    public void Sinks_OfOneTensor_DoNotMeet()
    {
        var tensor = _tape.New(new TensorShape(2));
        tensor.NeedsGradient = true;
        using (var written = GradientSink.Open(_device, tensor))
        {
            using var added = GradientSink.ForAdding(_device, tensor);
            _device.CopyIn<float>([10, 20], added.Target);
            _device.CopyIn<float>([1, 2], written.Target);
        }

        Assert.That(_device.Download(tensor.Gradient), Is.EqualTo(new[] { 11f, 22 }));
    }

    /// <summary>An operator of one's own: a result, and a rule for each input. The rule of a constant never runs.</summary>
    [Test]
    public void Record_OfRules_RunsThoseThatAreNeeded()
    {
        var x = _store.Add("x", new TensorShape(2), Initializer.Constant(3));
        _store.Initialize(1);
        using var two = _device.Upload<float>([2, 2]);
        var constant = Tape.Constant(new TensorShape(2), two.Slice);
        var y = _tape.New(x.Shape);
        _device.Run(ElementwiseOperators.Axpby, new AxpbyCall { Count = 2, Alpha = 5, Beta = 0, X = x.Data, Y = y.Data });
        _tape.Record(
            y, (x, (g, _) => _tape.Scale(g, 5)), (constant, (_, _) => throw new InvalidOperationException("nobody needs it")));
        _tape.Minimize(y, scale: 0.5f);
        _tape.Backward();
        Assert.That(_device.Download(x.Gradient), Is.EqualTo(new[] { 2.5f, 2.5f }));
    }

    [Test]
    public void Record_OfARuleThatGivesAnotherShape_IsRefused()
    {
        var x = Ones("x", 2, 3);
        _store.Initialize(1);
        _tape.Minimize(_tape.Record(_tape.New(x.Shape), (x, (g, _) => _tape.Sum(g, 0))), 1);
        Assert.That(_tape.Backward, Throws.ArgumentException.With.Message.Contains("[1, 3], expected [2, 3]"));
    }

    [Test]
    public void Primitives_ShapesThatDoNotFit_AreRefused()
    {
        var (a, b, one) = (Ones("a", 2, 3), Ones("b", 3, 2), Ones("one", 1, 3));
        _store.Initialize(1);
        using var indices = _device.Upload<int>([0, 1]);
        Assert.Multiple(() =>
        {
            Refused(() => _tape.Add(a, b), "Add: the shapes [2, 3] and [3, 2] differ");
            Refused(() => _tape.Mul(a, one), "Mul: the shapes [2, 3] and [1, 3] differ; Expand repeats");
            Refused(() => _tape.Sum(a, 2), "Sum: [2, 3] has no axis 2");
            Refused(() => _tape.Mean(a, -3), "Sum: [2, 3] has no axis -3");
            Refused(() => _tape.Max(a, 5), "Max: [2, 3] has no axis 5");
            Refused(() => _tape.Reshape(a, new(7)), "Reshape: [2, 3] has 6 elements, [7] has 7");
            Refused(() => _tape.Transpose(a, 0, 2), "Transpose: [2, 3] has no axis 2");
            Refused(() => _tape.Expand(a, 0, 4), "Expand: axis 0 of [2, 3] cannot be repeated to size 4");
            Refused(() => _tape.Expand(one, 0, 0), "Expand: axis 0 of [1, 3] cannot be repeated to size 0");
            Refused(() => _tape.Slice(a, 1, 1, 3), "Slice: 3 from 1 on are not inside an axis of size 3");
            Refused(() => _tape.Slice(a, 1, -1, 2), "Slice: 2 from -1 on");
            Refused(() => _tape.Slice(a, 1, 0, 0), "Slice: 0 from 0 on");
            Refused(() => _tape.Pad(a, 0, 1, 2), "Pad: 2 from 1 on are not inside an axis of size 2");
            Refused(() => _tape.Concat(0, a, b), "Concat: 'b' has shape [3, 2], expected [3, 3]");
            Refused(() => _tape.Gather(a, default), "Gather: 0 indices");
            Refused(() => _tape.Scatter(b, indices.Slice, 4), "Scatter: 'rows' has shape [3, 2], expected [2, 2]");
        });

        static void Refused(Func<Tensor> call, string message) =>
            Assert.That(() => call(), Throws.ArgumentException.With.Message.StartsWith(message));
    }

    [Test]
    public void Shapes_ThatDoNotFit_AreRefused()
    {
        var (matrix, vector, cube) = (Ones("matrix", 3, 2), Ones("vector", 3), Ones("cube", 1, 1, 12));
        var (two, four, square) = (Ones("two", 2), Ones("four", 1, 1, 4), Ones("square", 3, 3));
        _store.Initialize(1);
        var grid = new PatchGrid(Batch: 1, Channels: 1, ImageSize: 2, PatchSize: 1, ExtraTokens: 0);
        Assert.Multiple(() =>
        {
            Refused(() => _tape.Linear(vector, matrix), "rows of 3");
            Refused(() => _tape.Linear(matrix, vector), "rows of 2");
            Refused(() => _tape.Linear(matrix, matrix, residual: matrix), "'residual'");
            Refused(() => _tape.Linear(matrix, matrix, bias: two), "'bias'");
            Refused(() => _tape.Mlp(matrix, matrix, vector, square, two), "'bias2'");
            Refused(() => _tape.Mlp(matrix, matrix, two, square, vector), "'bias1'");
            Refused(() => _tape.Attention(cube, heads: 3), "3 heads");
            Refused(() => _tape.Attention(matrix, heads: 1), "3 dimensions");
            Refused(() => _tape.LayerNorm(matrix, two, vector, 1), "'beta'");
            Refused(() => _tape.LayerNormFirstToken(matrix, two, two, 1), "3 dimensions");
            Refused(() => _tape.SkipLinear(matrix, square, matrix, vector), "'skip'");
            Refused(() => _tape.Unpatchify(four, grid), "'tokens'");
            Refused(() => _tape.Unpatchify(cube, grid with { PatchSize = 2, Channels = 3 }, square, vector), "'weight'");
            Refused(() => _tape.SquaredError(matrix, vector.Data, 1), "'target' has 3 elements, expected 6");
            Refused(() => _tape.CrossEntropy(matrix, default, 1, two.Data), "'rowWeights' has 2 elements, expected 3");
            Refused(() => _tape.CrossEntropy(cube, default, 1), "2 dimensions");
            Refused(() => Tape.Constant(new TensorShape(2), vector.Data), "3 elements");
        });

        static void Refused(Func<Tensor> call, string message) =>
            Assert.That(() => call(), Throws.ArgumentException.With.Message.Contains(message));
    }

    /// <summary>Attention writes its gradient and does not add: another use of its input, or a parameter, keeps its own.</summary>
    [Test]
    public void Attention_OfATensorWithAnotherUse_AddsToItsGradient()
    {
        var qkv = Ones("qkv", 1, 1, 3);
        _store.Initialize(1);
        using var target = _device.Upload<float>([0]);
        using var other = _device.Upload<float>([0, 0, 0]);
        _tape.SquaredError(_tape.Attention(qkv, 1), target.Slice, 1);
        _tape.SquaredError(qkv, other.Slice, 1);
        _tape.Backward();
        // One token attends to itself: the result is v, whose gradient is 2; the other loss gives 2/3 to each.
        Assert.That(_device.Download(qkv.Gradient), Is.EqualTo(new[] { 2f / 3, 2f / 3, 2 + (2f / 3) }).Within(1e-6));
    }

    /// <summary>One kernel puts both gradients in place, in the same memory.</summary>
    [Test]
    public void LayerNorm_WhoseScaleIsItsShift_AddsBothGradients()
    {
        var both = Ones("both", 2);
        _store.Initialize(1);
        using var data = _device.Upload<float>([-1, 1]);
        using var target = _device.Upload<float>([0, 0]);
        var x = Tape.Constant(new TensorShape(1, 2), data.Slice);
        _tape.SquaredError(_tape.LayerNorm(x, both, both, 0), target.Slice, 1);
        _tape.Backward();
        // y = (0, 2) and its gradient; d gamma = dy x, d beta = dy.
        Assert.That(_device.Download(both.Gradient), Is.EqualTo(new[] { 0f, 4 }).Within(1e-5));
    }

    /// <summary>The kernels cannot leave a gradient out: what nobody needs goes to memory that is given back at once.</summary>
    [Test]
    public void Sink_OfAnInputWithoutGradient_GivesItsMemoryBack()
    {
        using var data = _device.Upload<float>([5, 6]);
        var constant = Tape.Constant(new TensorShape(2), data.Slice);
        var before = _device.Memory.LiveBlocks;
        using (var sink = GradientSink.ForAdding(_device, constant))
        {
            Assert.That(_device.Download(sink.Target), Is.All.Zero);
            Assert.That(sink.Target.Address, Is.Not.EqualTo(constant.Data.Address));
        }

        Assert.That(_device.Memory.LiveBlocks, Is.EqualTo(before));
        Assert.That(constant.HasGradient, Is.False);
    }

    /// <summary>Leaves numbers in memory that the next allocations of this size are given.</summary>
    private static void LeaveDirt(HostDevice device, int count)
    {
        var blocks = Enumerable.Range(0, 8).Select(_ => device.Upload<float>([.. Enumerable.Repeat(77f, count)])).ToList();
        blocks.ForEach(block => block.Dispose());
    }

    private Parameter Ones(string name, params int[] shape) => _store.Add(name, new TensorShape(shape), Initializer.One);
}
