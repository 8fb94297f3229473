using DPT.Engine.TestSupport;
using static TorchSharp.torch;

namespace Differential.Tests;

/// <summary>The library that every other test here relies on.</summary>
public sealed class TorchNativeTests
{
    [Test]
    public void Load_FromManyThreads_IsHarmless() => Parallel.For(0, 8, _ => TorchNative.Load());

    [Test]
    public void Torch_AfterLoading_Computes()
    {
        using var a = tensor(new float[] { 1, 2, 3, 4 }).reshape(2, 2);
        using var product = a.matmul(a);
        Assert.That(product.data<float>().ToArray(), Is.EqualTo(new float[] { 7, 10, 15, 22 }));
    }

    [Test]
    public void MarkVersionWeak_NoElfImage_IsRefused() => Assert.That(
        () => TorchNative.MarkVersionWeak(new byte[128], "GLIBCXX_3.4.32"), Throws.TypeOf<BadImageFormatException>());
}
