using DPT.Engine.Kernels;
using ILGPU;

namespace Kernels.Tests;

/// <summary>What no kernel of the registry may have. Its text is the same for all architectures; the least has the narrowest limits.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class PtxGateTests
{
    private const int StaticSharedLimit = 48 * 1024;

    public static IEnumerable<TestCaseData> Kernels() =>
        from op in KernelRegistry.Operators
        from variant in op.Variants
        where variant is IGpuVariant
        from kernel in ((IGpuVariant)variant).Kernels
        select new TestCaseData(kernel).SetArgDisplayNames(op.IdOf(variant), kernel.Id);

    [TestCaseSource(nameof(Kernels))]
    public void Kernel_HasNothingThatItsAuthorDidNotAskFor(GpuKernel kernel)
    {
        var module = PtxPipeline.Build(kernel, kernel.MinArchitecture);
        var report = PtxReport.Of(kernel.ToPtx(), module);
        Assert.Multiple(() =>
        {
            Assert.That(report.LocalAccesses, Is.Zero, "local memory: hold small arrays as fields of a struct");
            Assert.That(report.DoubleInstructions, Is.Zero, "double precision: look for literals without f");
            Assert.That(report.UniformConditionalBranches, Is.Zero, "a branch that claims to be uniform");
            Assert.That(
                report.UnorderedComparisonsWithConstants, Is.Zero,
                "a comparison with a constant that is true for NaN: compare floats with Scalar.IsLess");
            Assert.That(report.StaticSharedBytes, Is.LessThanOrEqualTo(StaticSharedLimit), "static shared memory");
            Assert.That(
                report.StaticSharedBytes + report.DynamicSharedBytes, Is.LessThanOrEqualTo(kernel.MinArchitecture.SharedBytes), "shared memory");
            Assert.That(report.ByKind.Select(k => k.Kind), Has.None.Contains("generic"), "an access without address space");
            Assert.That(PtxLint.Of(module), Is.Empty, "fences and waits");
        });
    }

    /// <summary>Why the gate exists: C# says that NaN is not above 3, and ILGPU's text says that it is.</summary>
    [Test]
    public void Gate_ConstantOnTheLeft_SeesTheUnorderedComparison()
    {
        var kernel = new GpuKernel(IsAboveThree, 32);
        var report = PtxReport.Of(kernel.ToPtx(), PtxPipeline.Build(kernel, PtxArchitecture.Sm80));
        Assert.That(report.UnorderedComparisonsWithConstants, Is.EqualTo(1));
        var safe = new GpuKernel(IsSafelyAboveThree, 32);
        Assert.That(
            PtxReport.Of(safe.ToPtx(), PtxPipeline.Build(safe, PtxArchitecture.Sm80)).UnorderedComparisonsWithConstants, Is.Zero);
    }

    private static void IsAboveThree(ArrayView<float> x, ArrayView<float> y) => y[0] = 3f < x[0] ? 1 : 2;

    private static void IsSafelyAboveThree(ArrayView<float> x, ArrayView<float> y) =>
        y[0] = Scalar.IsLess(3f, x[0]) ? 1 : 2;

    [Test]
    public void Peaks_HaveNothingButArithmeticInTheirLoops()
    {
        var fma = PtxReport.Of(GpuPeaks.FmaKernel.ToPtx(), PtxPipeline.Build(GpuPeaks.FmaKernel, PtxArchitecture.Sm80));
        var tensor = PtxReport.Of(GpuPeaks.TensorKernel.ToPtx(), PtxPipeline.Build(GpuPeaks.TensorKernel, PtxArchitecture.Sm80));
        Assert.That(fma.ByKind.Single(k => k.Kind == "fma").Count, Is.EqualTo(8));
        Assert.That(tensor.MatrixInstructions, Is.EqualTo(4));
        Assert.That((fma.LocalAccesses, tensor.LocalAccesses), Is.EqualTo((0, 0)));
    }

    [Test]
    public void Variants_OfTheRegistry_NameTheirKernels()
    {
        var variants = KernelRegistry.Operators.SelectMany(o => o.Variants)
            .Where(v => (v.Targets & (DeviceKind.Cuda | DeviceKind.Sim)) != 0);
        Assert.That(variants, Is.All.InstanceOf<IGpuVariant>());
        Assert.That(variants.Cast<IGpuVariant>().Select(v => v.Kernels), Is.All.Not.Empty);
    }
}
