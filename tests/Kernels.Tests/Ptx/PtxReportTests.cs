namespace Kernels.Tests;

/// <summary>The counts of a report, on text where they can be counted by hand.</summary>
public sealed class PtxReportTests
{
    [Test]
    public void Of_SmallModule_CountsEverything()
    {
        var kernel = new PtxKernel("SampleKernels.Fused", 64, DynamicSharedBytes: 100);
        var report = PtxReport.Of(kernel, PtxText.Entry("""
            .shared .align 16 .b8 a[20];
            .shared .align 16 .b8 b[4];
            .reg .f32 %f<10>; .reg .pred p;
            ld.global.v4.f32 {%f0, %f1, %f2, %f3}, [%rd0];
            ld.f32 %f4, [%rd0];
            st.shared::cta.v2.f32 [%rd1], {%f0, %f1};
            st.local.f32 [%rd1], %f0;
            fma.rn.f32 %f4, %f0, %f1, %f2;
            fma.rn.f32 %f4, %f0, %f1, %f2;
            add.f64 %fd1, %fd1, %fd2;
            mov.f64 %fd1, 0d0000000000000000;
            mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f0}, {%r0}, {%r1}, {%f0};
            cp.async.cg.shared.global [%r0], [%rd0], 16;
            @p bra.uni END;
            bra.uni END;
            END: ret;
            """));
        Assert.Multiple(() =>
        {
            Assert.That(report.Instructions, Is.EqualTo(13));
            Assert.That(report.ByKind[0], Is.EqualTo(("bra", 2)));
            Assert.That(report.ByKind, Is.SupersetOf(new[]
            {
                ("fma", 2), ("ld.global", 1), ("ld.generic", 1), ("st.shared", 1), ("st.local", 1), ("cp.async", 1), ("mma", 1),
            }));
            Assert.That((report.VectorAccesses, report.MatrixInstructions, report.Branches), Is.EqualTo((2, 1, 2)));
            Assert.That((report.LocalAccesses, report.DoubleInstructions, report.UniformConditionalBranches), Is.EqualTo((1, 1, 1)));
            Assert.That((report.StaticSharedBytes, report.DynamicSharedBytes), Is.EqualTo((36, 100)));
            Assert.That(report.Registers, Is.EqualTo(new[] { (".f32", 10), (".pred", 1) }));
            Assert.That((report.Kernel, report.Target), Is.EqualTo(("SampleKernels.Fused", "sm_80")));
        });
    }
}
