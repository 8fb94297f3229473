using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>MSN's loss: the numbers of the specification, and what must hold where floats end. Gradients are compared with PyTorch's elsewhere.</summary>
public sealed class MsnLossTests
{
    private const int Batch = 3, Views = 2, Width = 4, Prototypes = 5;

    private HostDevice _device = null!;
    private Tape _tape = null!;
    private ParameterStore _store = null!;

    [SetUp]
    public void Open()
    {
        _device = new HostDevice(threads: 1);
        _tape = new Tape(_device);
        _store = new ParameterStore(_device);
    }

    [TearDown]
    public void Close()
    {
        _tape.Dispose();
        _store.Dispose();
        _device.Dispose();
    }

    /// <summary>Spec 2.2: entry (i, j) of anchors, targets and prototypes is sin(0.7 (4 i + j) + o) with o = 0.1, 0.5, 1.3.</summary>
    [TestCase(false, 3.6660964442, new[] { 4.308e-05, 0, 0.99245479, 0, 0.00750213 })]
    [TestCase(true, 3.4033468848, new[] { 0.49959668, 0, 0.49948328, 0, 0.00092004 })]
    public void Loss_IsTheSpecification(bool balances, double crossEntropy, double[] firstTarget)
    {
        var config = new MsnLossConfig { BalancesTargets = balances };
        var prototypes = Waves(Prototypes, 1.3);
        var targets = MsnLoss.Targets(_tape, Waves(Batch, 0.5), prototypes, config);
        var losses = MsnLoss.Minimize(_tape, Waves(Views * Batch, 0.1), prototypes, targets, config);
        Assert.Multiple(() =>
        {
            Assert.That(Read(targets)[..Prototypes], Is.EqualTo(firstTarget).Within(2e-6));
            Assert.That(Read(losses.CrossEntropy).Average(), Is.EqualTo(crossEntropy).Within(2e-5));
            Assert.That(Read(losses.MeanEntropyGap).Single(), Is.EqualTo(0.1188692190).Within(1e-6));
            Assert.That(Read(losses.Entropy).Average(), Is.EqualTo(0.2537942975).Within(1e-6));
        });
    }

    /// <summary>The lengths of embeddings and prototypes say nothing.</summary>
    [Test]
    public void Loss_DoesNotDependOnLengths()
    {
        var config = new MsnLossConfig();
        var usual = Loss(1, 1);
        Assert.That(Loss(1e-8f, 1e8f), Is.EqualTo(usual).Within(1e-5));

        double Loss(float ofEmbeddings, float ofPrototypes)
        {
            var prototypes = _tape.Scale(Waves(Prototypes, 1.3), ofPrototypes);
            var targets = MsnLoss.Targets(_tape, Waves(Batch, 0.5), prototypes, config);
            return Read(MsnLoss.Minimize(_tape, _tape.Scale(Waves(Batch, 0.1), ofEmbeddings), prototypes, targets, config).CrossEntropy).Average();
        }
    }

    /// <summary>Everything at one prototype is the worst gap, ln P; one at each is none.</summary>
    [Test]
    public void MeanEntropyGap_IsFromZeroToTheLogarithmOfThePrototypes()
    {
        var config = new MsnLossConfig { Temperature = 0.001 };
        var prototypes = Identity(Prototypes);
        var all = Gap(Identity(Prototypes));
        var one = Gap(_tape.Expand(_tape.Slice(Identity(Prototypes), axis: 0, start: 2, length: 1), axis: 0, size: Prototypes));
        Assert.That(all, Is.Zero.Within(1e-6));
        Assert.That(one, Is.EqualTo(Math.Log(Prototypes)).Within(1e-6));

        double Gap(Tensor anchors) => Read(MsnLoss.Minimize(
            _tape, anchors, prototypes, MsnLoss.Targets(_tape, anchors, prototypes, config), config).MeanEntropyGap).Single();
    }

    /// <summary>Assignments that no float holds, prototypes that nobody is like, and vectors without a direction: numbers all the same.</summary>
    [TestCase(0.1, false)]
    [TestCase(0.1, true)]
    [TestCase(0.002, false)]
    [TestCase(0.002, true)]
    public void Loss_WhereFloatsEnd_IsFinite(double temperature, bool withoutDirection)
    {
        var config = new MsnLossConfig { Temperature = temperature };
        var (anchors, prototypes) = (_store.Add("anchors", new TensorShape(Batch, Width), Initializer.Zero), _store.Add("prototypes", new TensorShape(Width, Width), Initializer.Zero));
        _store.Initialize(seed: 1);
        _device.Copy(Identity(Width).Data, prototypes.Data);
        if (!withoutDirection)
        {
            // All on one side: what is opposite of the others is at e^-1000 and less of a temperature of 0.002.
            _device.Copy(_tape.Slice(Identity(Width), axis: 0, start: 0, length: Batch).Data, anchors.Data);
            _device.CopyIn<float>([-1, -1, -1, 0], prototypes.Data.Range(0, Width));
        }

        var targets = MsnLoss.Targets(_tape, anchors, prototypes, config);
        var losses = MsnLoss.Minimize(_tape, anchors, prototypes, targets, config);
        float[] all = [.. Read(targets), .. Read(losses.CrossEntropy), .. Read(losses.MeanEntropyGap), .. Read(losses.Entropy)];
        _tape.Backward();
        Assert.That(all, Is.All.Matches<float>(float.IsFinite));
        Assert.That(_device.Download(anchors.Gradient), Is.All.Matches<float>(float.IsFinite));
        Assert.That(_device.Download(prototypes.Gradient), Is.All.Matches<float>(float.IsFinite));
    }

    /// <summary>Balanced, every image is assigned once, and where assignments are soft all prototypes have the same share.</summary>
    [Test]
    public void Balance_SharesImagesAmongPrototypes()
    {
        const int Images = 40;
        const double Share = (double)Images / Prototypes;
        Assert.That(Shares(balances: false), Has.Some.Not.EqualTo(Share).Within(0.1));
        Assert.That(Shares(balances: true), Is.All.EqualTo(Share).Within(0.02));

        List<float> Shares(bool balances)
        {
            var config = new MsnLossConfig { Temperature = 1, Sharpening = 1, BalancesTargets = balances };
            var values = Read(MsnLoss.Targets(_tape, Waves(Images, 0.5), Waves(Prototypes, 1.3), config));
            Assert.That(values.Chunk(Prototypes).Select(row => row.Sum()), Is.All.EqualTo(1).Within(1e-5));
            return [.. Enumerable.Range(0, Prototypes).Select(j => Enumerable.Range(0, Images).Sum(i => values[(i * Prototypes) + j]))];
        }
    }

    /// <summary>Targets teach nobody: neither the embeddings that they are of nor the prototypes.</summary>
    [Test]
    public void Targets_HaveNoGradient()
    {
        var prototypes = _store.Add("prototypes", new TensorShape(Prototypes, Width), Initializer.Normal(1));
        _store.Initialize(seed: 1);
        Assert.That(MsnLoss.Targets(_tape, Waves(Batch, 0.5), prototypes, new MsnLossConfig()).NeedsGradient, Is.False);
    }

    [Test]
    public void Anchors_ThatAreNoWholeViews_AreRefused()
    {
        var (config, prototypes) = (new MsnLossConfig(), Waves(Prototypes, 1.3));
        var targets = MsnLoss.Targets(_tape, Waves(Batch, 0.5), prototypes, config);
        Assert.Throws<ArgumentException>(() => MsnLoss.Minimize(_tape, Waves((2 * Batch) + 1, 0.1), prototypes, targets, config));
    }

    private float[] Read(Tensor tensor) => _device.Download(tensor.Data);

    private Tensor Waves(int rows, double offset) =>
        Of(rows, [.. Enumerable.Range(0, rows * Width).Select(i => (float)Math.Sin((0.7 * i) + offset))]);

    private Tensor Identity(int size) =>
        Of(size, [.. Enumerable.Range(0, size * size).Select(i => i % (size + 1) == 0 ? 1f : 0f)]);

    private Tensor Of(int rows, float[] values)
    {
        var tensor = _tape.New(new TensorShape(rows, values.Length / rows));
        _device.CopyIn<float>(values, tensor.Data);
        return tensor;
    }
}
