using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>A pseudo-image is a function of seed, class and number, whatever is drawn beside it.</summary>
public class GeneratorTests
{
    private const int Count = 9;

    private static IEnumerable<string> Solvers =>
        SolverCatalog.Solvers.OfType<PlannedSolver>().Select(solver => solver.Name);

    [TestCaseSource(nameof(Solvers))]
    public void Draw_InOtherBatches_GivesTheSameImages(string solver)
    {
        var together = Draw(new ImageShard(1, 0, Count), batch: Count, solver: solver);
        Assert.That(Draw(new ImageShard(1, 0, Count), batch: 1, solver: solver), Is.EqualTo(together));
        Assert.That(Draw(new ImageShard(1, 0, Count), batch: 4, threads: 3, solver: solver), Is.EqualTo(together));
    }

    [Test]
    public void Draw_PartOfAClass_GivesItsImages()
    {
        var all = Draw(new ImageShard(2, 0, Count), batch: 5);
        var length = all.Length / Count;
        Assert.That(Draw(new ImageShard(2, 4, 3), batch: 2), Is.EqualTo(all[(4 * length)..(7 * length)]));
    }

    [Test]
    public void Draw_OtherClassNumberOrSeed_GivesOtherImages()
    {
        var images = new[]
        {
            Draw(new ImageShard(0, 0, 1), batch: 1),
            Draw(new ImageShard(1, 0, 1), batch: 1),
            Draw(new ImageShard(0, 1, 1), batch: 1),
            Draw(new ImageShard(0, 0, 1), batch: 1, seed: 8),
        };
        Assert.That(images.Select(Convert.ToHexString), Is.Unique);
    }

    [Test]
    public void Draw_Stopped_Throws()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.That(
            () => Draw(new ImageShard(0, 0, 1), batch: 1, stop: source.Token),
            Throws.InstanceOf<OperationCanceledException>());
    }

    private static byte[] Draw(
        ImageShard shard,
        int batch,
        int threads = 1,
        ulong seed = 7,
        string solver = "dpm-solver-fast",
        CancellationToken stop = default)
    {
        using var device = new HostDevice(threads);
        using var generator = new ImageGenerator(
            device, TinyOptions.Run.Diffusion, new PixelSpace(TestImages.Noise(3, classes: 3, imageSize: 8).Form), seed: 5);
        using var drawer = new PseudoImageDrawer(
            generator, TinyOptions.Run.Generate with { Batch = batch, Solver = solver, Evaluations = 6 }, seed);
        return drawer.DrawAll(shard, stop);
    }
}
