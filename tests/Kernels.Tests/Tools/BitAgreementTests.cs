using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Comparing devices bit by bit.</summary>
public sealed class BitAgreementTests
{
    [Test]
    public void Differences_OfOtherThreadCounts_AreNone() => Assert.That(Differences("axpby", "host-v1-simd"), Is.Empty);

    [Test]
    public void Differences_WithoutFusedMultiplyAdd_NameTheOperand() =>
        Assert.That(
            Differences("axpby", "host-v1-simd", SimdWidth.Scalar),
            SimdWidths.Default() == SimdWidth.Scalar ? Is.Empty : Has.One.Match("^'y' in [0-9]+ of [0-9]+ elements$"));

    private static IReadOnlyList<string> Differences(string name, string variant, SimdWidth? width = null)
    {
        var op = KernelRegistry.Find(name);
        using var one = new HostDevice(threads: 1, selection: new KernelSelection());
        using var other = new HostDevice(threads: 2, width, new KernelSelection());
        return BitAgreement.Differences(one, other, op.Find(variant), CaseChoice.Find(op, null, _ => true), seed: 3);
    }
}
