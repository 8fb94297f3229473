using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>How pseudo-images are drawn: labels and guidance, the noise of each image, steps of the SDE, and pixels.</summary>
public sealed class DrawingTests
{
    private const int Classes = 3;
    private const int Label = 1;

    /// <summary>A pixel is the nearest of 256 levels to (x + 1) / 2: not the one below. On EDM's process x is half of what is drawn.</summary>
    [TestCase("cosine", 1)]
    [TestCase("edm", 0.5)]
    public void Pixels_AreRoundedToTheNearestLevel(string schedule, double scale)
    {
        const int First = 4;
        const int Count = 3;
        using var device = new HostDevice(threads: 1);
        using var generator = TinyGenerator(device, schedule);
        var options = TinyOptions.Run.Generate with { Solver = "ddim", Evaluations = 5, Guidance = 0.7 };
        using var drawer = new PseudoImageDrawer(generator, options, seed: 9);
        var pixels = drawer.DrawAll(new ImageShard(Label, First, Count), default);

        using var model = new GeneratorModel(device, generator.Network, generator.Form, generator.Prediction);
        model.SetLabels(Label, Count);
        using var samples = device.Allocate<float>(Count * 64);
        new Sampler(device, generator.Schedule, SolverCatalog.Find("ddim"), 5, new Guidance(0.7)).Sample(
            model, Count, new SamplingNoise(9, RunStreams.SamplingNoise, ((long)Label << 32) + First), samples.Slice);
        var values = device.Download(samples.Slice);
        for (var i = 0; i < values.Length; i++)
        {
            var level = Math.Clamp(255 * ((scale * values[i]) + 1) / 2, 0, 255);
            Assert.That(Math.Abs(pixels[i] - level), Is.LessThanOrEqualTo(0.5001), $"pixel {i} of value {values[i]}");
        }

        Assert.That(values.Count(v => scale * v is > -1 and < 1), Is.GreaterThan(20), "most pixels must lie inside");
    }

    /// <summary>U-ViT's code adds a half to 255 (x + 1) / 2, EDM's cuts off 127.5 x + 128: the same level, in double precision here.</summary>
    [Test]
    public void Levels_AreThoseOfBothOfficialCodes()
    {
        for (var i = -3000; i <= 3000; i++)
        {
            var x = i / 2048f;
            var (uvit, edm) = (Math.Floor((255 * Math.Clamp(((double)x + 1) / 2, 0, 1)) + 0.5), Math.Truncate(Math.Clamp((127.5 * x) + 128, 0, 255)));
            Assert.That((double)PixelLevel.Of(x), Is.EqualTo(uvit).And.EqualTo(edm), $"{x}");
        }
    }

    /// <summary>With the condition the network sees the label, without it the null class, which is the one after the last.</summary>
    [Test]
    public void Guidance_IsTowardsTheLabelAndAwayFromTheNullClass()
    {
        using var device = new HostDevice(threads: 1);
        using var generator = TinyGenerator(device);
        using var model = new GeneratorModel(device, generator.Network, generator.Form, generator.Prediction);
        model.SetLabels(Label, 2);
        var values = Enumerable.Range(0, 128).Select(i => MathF.Sin(i)).ToArray();
        using var state = device.Upload<float>(values);
        using var conditional = device.Allocate<float>(128);
        using var unconditional = device.Allocate<float>(128);
        model.Predict(state.Slice, 321, conditional.Slice, unconditional.Slice);
        float[] Network(int label)
        {
            using var labels = device.Upload<int>([label, label]);
            using var times = device.Upload<float>([321, 321]);
            using var tape = new Tape(device);
            return device.Download(generator.Network.Forward(
                tape, Tape.Constant(new TensorShape(2, 1, 8, 8), state.Slice), times.Slice, labels.Slice).Data);
        }

        Assert.That(device.Download(conditional.Slice), Is.EqualTo(Network(Label)).Within(1e-6));
        Assert.That(device.Download(unconditional.Slice), Is.EqualTo(Network(Classes)).Within(1e-6));
        Assert.That(Network(Label), Is.Not.EqualTo(Network(Classes)).Within(1e-3));
    }

    /// <summary>
    /// Euler and Maruyama's step of dx = (f x - g^2 score) dt + g dw backwards in time, with f = -beta/2, g^2 = beta,
    /// score = -eps/sigma; the last step, to time 0, adds no noise. Without noise and with half the score it is the ODE's.
    /// </summary>
    [TestCase("euler-maruyama", 1)]
    [TestCase("euler-maruyama", 2)]
    [TestCase("euler-maruyama", 50)]
    [TestCase("euler", 1)]
    [TestCase("euler", 50)]
    public void Euler_Steps_AreTheTranscription(string solver, int evaluations)
    {
        static double Beta(double t) => 0.1 + (19.9 * t);
        static double Sigma(double t) => Math.Sqrt(1 - Math.Exp((-0.5 * 19.9 * t * t) - (0.1 * t)));
        var isSde = solver == "euler-maruyama";
        var stages = ((PlannedSolver)SolverCatalog.Find(solver)).Plan(new LinearVpSchedule(), evaluations);
        Assert.That(stages, Has.Count.EqualTo(evaluations));
        for (var i = 0; i < evaluations; i++)
        {
            double Time(int k) => k == evaluations ? 0 : k == 0 ? 1 : 1 + ((1e-3 - 1) * k / (evaluations - 1));
            var (t, dt) = (Time(i), Time(i) - Time(i + 1));
            var last = i == evaluations - 1;
            Assert.That(stages[i].Time, Is.EqualTo(t).Within(1e-12));
            Assert.That(stages[i].BaseWeight, Is.EqualTo(1 + (0.5 * Beta(t) * dt)).Within(1e-9));
            Assert.That(stages[i].ModelWeight, Is.EqualTo(-(isSde ? 1 : 0.5) * Beta(t) * dt / Sigma(t)).Within(1e-9));
            Assert.That(stages[i].NoiseWeight, Is.EqualTo(isSde && !last ? Math.Sqrt(Beta(t) * dt) : 0).Within(1e-9));
        }
    }

    /// <summary>No solver but those of the SDE and of churn adds noise, and they all do.</summary>
    [Test]
    public void Solvers_OfTheOde_AddNoNoise()
    {
        string[] noisy =
        [
            .. SolverCatalog.Solvers.OfType<PlannedSolver>()
                .Where(solver => solver.Plan(new CosineSchedule(), 12).Any(stage => stage.NoiseWeight != 0)).Select(solver => solver.Name),
        ];
        Assert.That(noisy, Is.EqualTo(new[] { "euler-maruyama", "edm-heun-churn", "euler-ancestral", "dpm-solver++-2m-sde" }));
    }

    private static ImageGenerator TinyGenerator(Device device, string schedule = "cosine") =>
        new(device, TinyOptions.Run.Diffusion with { Schedule = schedule }, new PixelSpace(TestImages.Noise(3, Classes, imageSize: 8).Form), seed: 5);
}
