namespace Kernels.Tests;

/// <summary>Occupancy against figures of NVIDIA's calculator.</summary>
public sealed class OccupancyTests
{
    /// <summary>Compute capability 8.0: 65536 registers in units of 256 a warp, 164 KB shared memory, 1 KB of it lost to each block.</summary>
    [TestCase(24, 256, 0, 8, 64, "warps")]
    [TestCase(33, 256, 0, 6, 48, "registers")]
    [TestCase(64, 256, 0, 4, 32, "registers")]
    [TestCase(255, 256, 0, 1, 8, "registers")]
    [TestCase(255, 288, 0, 0, 0, "registers")]
    [TestCase(128, 96, 0, 4, 12, "registers")]
    [TestCase(8, 32, 0, 32, 32, "blocks")]
    [TestCase(16, 1024, 0, 2, 64, "warps")]
    [TestCase(32, 768, 0, 2, 48, "registers, warps")]
    [TestCase(32, 128, 40 * 1024, 4, 16, "shared memory")]
    [TestCase(32, 128, 163 * 1024, 1, 4, "shared memory")]
    [TestCase(32, 128, (163 * 1024) + 1, 0, 0, "shared memory")]
    public void Occupancy_OnAnA100_IsThatOfTheCalculator(
        int registers, int threads, int sharedBytes, int blocks, int warps, string limits)
    {
        var occupancy = Multiprocessor.Of(PtxArchitecture.Sm80).Occupancy(registers, threads, sharedBytes);
        Assert.That((occupancy.Blocks, occupancy.Warps, string.Join(", ", occupancy.Limits)), Is.EqualTo((blocks, warps, limits)));
    }

    [Test]
    public void Occupancy_OnAnH100_HasMoreSharedMemory()
    {
        var hopper = Multiprocessor.Of(PtxArchitecture.Sm90a);
        Assert.That(hopper.Occupancy(32, 128, 40 * 1024).Blocks, Is.EqualTo(5));
        Assert.That(hopper.Occupancy(32, 128, 227 * 1024).Blocks, Is.EqualTo(1));
        Assert.That(hopper.Occupancy(168, 384, 0), Has.Property("Blocks").EqualTo(1).And.Property("Warps").EqualTo(12));
    }
}
