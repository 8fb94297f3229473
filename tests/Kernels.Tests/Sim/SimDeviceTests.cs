using DPT.Engine.Kernels;

namespace Kernels.Tests;

public sealed class SimDeviceTests
{
    [Test]
    public void MatMulV1Naive_SmallShape_HasTheBitsOfTheProductTermByTerm()
    {
        const int M = 33, N = 65, K = 19;
        var naive = new KernelSelection();
        naive.Choose("matmul=v1-naive", KernelSelection.Origin.Flag);
        using var device = new SimDevice(selection: naive);
        var random = new Random(1);
        var a = Values(random, M * K);
        var b = Values(random, K * N);
        using var deviceA = device.Upload<float>(a);
        using var deviceB = device.Upload<float>(b);
        using var deviceC = device.Allocate<float>(M * N);
        device.Run(MatMulOperators.MatMul, new MatMulCall
        {
            M = M, N = N, K = K, A = deviceA.Slice, B = deviceB.Slice, C = deviceC.Slice,
        });

        var c = device.Download(deviceC.Slice);
        TestContext.Out.WriteLine(device.LastLaunch);
        for (var i = 0; i < c.Length; i++)
        {
            var expected = 0f;
            for (var k = 0; k < K; k++)
            {
                expected = MathF.FusedMultiplyAdd(a[(i / N * K) + k], b[(k * N) + (i % N)], expected);
            }

            Assert.That(c[i], Is.EqualTo(expected), $"element {i}");
        }
    }

    private static float[] Values(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
}
