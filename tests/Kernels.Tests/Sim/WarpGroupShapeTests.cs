using System.Runtime.InteropServices;
using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Every size and form of a warpgroup's product that C# can call: numbers, and what the assembler says.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class WarpGroupShapeTests
{
    private const int Terms = 64;

    public static IEnumerable<TestCaseData> Kernels() =>
        from kernels in new (int N, GpuKernel[] Forms)[]
        {
            (16, Forms<WarpGroupShapes.Shape16, Sums16>()), (32, Forms<WarpGroupShapes.Shape32, Sums32>()),
            (64, Forms<WarpGroupShapes.Shape64, Sums64>()), (96, Forms<WarpGroupShapes.Shape96, Sums96>()),
            (128, Forms<WarpGroupShapes.Shape128, Sums128>()), (192, Forms<WarpGroupShapes.Shape192, Sums192>()),
            (256, Forms<WarpGroupShapes.Shape256, Sums256>()),
        }
        from kernel in kernels.Forms
        select new TestCaseData(kernels.N, kernel).SetArgDisplayNames($"{kernels.N}", kernel.Id[(kernel.Id.LastIndexOf('.') + 1)..]);

    private static GpuKernel[] Forms<TShape, TSums>() where TShape : struct, WarpGroupShapes.IShape<TSums> where TSums : struct =>
    [
        WarpGroupShapes.KernelOf<TShape, TSums, WarpGroupShapes.ByTerms>(), WarpGroupShapes.KernelOf<TShape, TSums, WarpGroupShapes.ByRows>(),
        WarpGroupShapes.KernelOf<TShape, TSums, WarpGroupShapes.InRegisters>(),
    ];

    [TestCaseSource(nameof(Kernels))]
    public void Products_OnTheSimulator_AreRight(int n, GpuKernel kernel)
    {
        using var device = new SimDevice(threads: 1, architecture: PtxArchitecture.Sm90a, selection: new KernelSelection());
        var (left, right) = (Bf16.Random(1, 64 * Terms), Bf16.Random(2, n * Terms));
        ushort[] byRows = [.. Enumerable.Range(0, n * Terms).Select(i => right[(i % n * Terms) + (i / n)])];
        using var a = device.Upload<ushort>(left);
        using var packed = device.Upload(MemoryMarshal.Cast<ushort, uint>(left));
        using var b = device.Upload<ushort>(right);
        using var rows = device.Upload<ushort>(byRows);
        using var c = device.Allocate<float>(64 * n);
        using var corner = device.Allocate<float>(64 * 16);
        device.Prepare(kernel)
            .With(TensorTiles.Matrix(a.Slice, 64, Terms, Terms, 64, Terms))
            .With(TensorTiles.Matrix(b.Slice, n, Terms, Terms, n, Terms))
            .With(TensorTiles.Matrix(rows.Slice, Terms, n, n, Terms, 64))
            .With(TensorTiles.Matrix(corner.Slice, 64, 16, 16, 64, 16, PtxSwizzle.None))
            .With(packed.Slice).With(c.Slice)
            .On(new GridSize(1));
        var actual = device.Download(c.Slice);
        for (var i = 0; i < 64 * n; i++)
        {
            var exact = Enumerable.Range(0, Terms).Sum(t => (double)Bf16.Widen(left[(i / n * Terms) + t]) * Bf16.Widen(right[(i % n * Terms) + t]));
            Assert.That(actual[i], Is.EqualTo(exact).Within(1e-5), $"row {i / n}, column {i % n}");
        }

        var stored = device.Download(corner.Slice);
        Assert.That(stored, Is.EqualTo(Enumerable.Range(0, 64 * 16).Select(i => actual[(i / 16 * n) + (i % 16)])));
    }

    [TestCaseSource(nameof(Kernels))]
    public void Products_Assembled_NeitherSpillNorWait(int n, GpuKernel kernel)
    {
        if (PtxAssembler.WhyNot is { } reason)
        {
            Assert.Ignore(reason);
        }

        var report = PtxAssembler.Report(PtxPipeline.Build(kernel, PtxArchitecture.Sm90a));
        Assert.That(report.Warnings, Is.Empty);
        Assert.That((report.SpilledBytes, report.StackBytes), Is.EqualTo((0, 0)));
    }
}
