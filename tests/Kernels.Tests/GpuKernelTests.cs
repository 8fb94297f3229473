using DPT.Engine.Kernels;
using ILGPU;
using ILGPU.IR.Intrinsics;

namespace Kernels.Tests;

/// <summary>How a kernel is described: methods, structs of views, instructions of the author's own.</summary>
public sealed class GpuKernelTests
{
    private static readonly GpuKernel Sum = new(SumKernel, threads: 64);

    [Test]
    public void Id_OfAMethodWithTypeArguments_NamesClassMethodAndArguments()
    {
        var kernel = new GpuKernel(Scale<Twice>, threads: 32) { DynamicSharedBytes = 256, BlocksPerMultiprocessor = 2 };
        Assert.Multiple(() =>
        {
            Assert.That(Sum.Id, Is.EqualTo("GpuKernelTests.SumKernel"));
            Assert.That(kernel.ToPtx(), Is.EqualTo(new PtxKernel("GpuKernelTests.Scale.Twice", 32, 2, 256)));
        });
    }

    [Test]
    public void Parameters_OfStructs_AreTheirFieldsWhereCPutsThem() => Assert.That(
        Sum.Parameters,
        Is.EqualTo(new GpuParameter[]
        {
            new("rows", GpuParameterKind.Int32, 0),
            new("x.Scale", GpuParameterKind.Float32, 8),
            new("x.Values", GpuParameterKind.View, 16, 4),
            new("x.Weights", GpuParameterKind.View, 32, 4),
            new("x.Width", GpuParameterKind.Int32, 48),
            new("y", GpuParameterKind.View, 56, 4),
            new("start.Value", GpuParameterKind.Float32, 72),
            new("last", GpuParameterKind.Float32, 76),
        }));

    [Test]
    public void Launch_WithAStructOfViews_ReadsEveryFieldInGlobalMemory()
    {
        using var device = new SimDevice(selection: new KernelSelection());
        using var values = device.Upload<float>([1, 2, 3, 4, 5, 6]);
        using var weights = device.Upload<float>([1, 10, 100]);
        using var y = device.Allocate<float>(2);
        device.Prepare(Sum)
            .With(2).With(0.5f).With(values.Slice).With(weights.Slice).With(3).With(y.Slice).With(7f).With(0.25f)
            .On(new GridSize(1));
        Assert.That(device.Download(y.Slice), Is.EqualTo(new[] { 167.5f + 0.25f, 334f + 0.25f }));
        var loads = PtxPipeline.Build(Sum, PtxArchitecture.Sm80).Entry.Instructions.Where(i => i.Name == "ld" && !i.Has("param"));
        Assert.That(loads.Select(i => i.Has("global")), Is.Not.Empty.And.All.True);
    }

    [Test]
    public void Launch_ViewOfAStructTooShort_NamesTheField()
    {
        using var device = new SimDevice(selection: new KernelSelection());
        using var values = device.Upload<float>(new float[6]);
        using var weights = device.Upload<float>(new float[2]);
        using var y = device.Allocate<float>(2);
        Assert.That(
            () => device.Prepare(Sum)
                .With(2).With(0.5f).With(values.Slice).With(weights.Slice).With(3).With(y.Slice).With(7f).With(0.25f)
                .On(new GridSize(1)),
            Throws.TypeOf<KernelException>().With.Message.Contains("'x.Weights'[2]"));
    }

    [Test]
    public void Launch_ArgumentsInAnotherOrder_SaysWhichOneIsWanted()
    {
        using var device = new SimDevice(selection: new KernelSelection());
        Assert.That(
            () => device.Prepare(Sum).With(2).With(3),
            Throws.TypeOf<KernelException>().With.Message.EqualTo(
                "GpuKernelTests.SumKernel: argument 1 is given as Int32, the kernel wants 'x.Scale', Float32"));
    }

    [Test]
    public void Launch_InstructionOfTheAuthorsOwn_Runs()
    {
        using var device = new SimDevice(selection: new KernelSelection());
        using var x = device.Upload<float>([-3, 4]);
        device.Prepare(new GpuKernel(Magnitudes, threads: 2)).With(x.Slice).On(new GridSize(1));
        Assert.That(device.Download(x.Slice), Is.EqualTo(new[] { 3f, 4f }));
    }

    [Test]
    public void New_NotAStaticMethod_IsRefused()
    {
        var scale = 2f;
        Assert.Multiple(() =>
        {
            Assert.That(() => new GpuKernel((ArrayView<float> x) => { x[0] *= scale; }, 32), Refuses("a static method"));
            Assert.That(() => new GpuKernel(Square, 32), Refuses("without a result"));
            Assert.That(() => new GpuKernel(Precise, 32), Refuses("a parameter of type Double ('x')"));
            Assert.That(() => new GpuKernel(Fixed, 32), Refuses("a parameter of type Decimal ('x')"));
            Assert.That(() => new GpuKernel(Magnitudes, 1025), Refuses("threads of a block is 1025, it must be 1..1024"));
        });

        static NUnit.Framework.Constraints.IResolveConstraint Refuses(string why) =>
            Throws.TypeOf<KernelException>().With.Message.Contains(why);
    }

    private static void SumKernel(int rows, Weighted x, ArrayView<float> y, Start start, float last)
    {
        var row = Group.IdxX;
        if (row >= rows)
        {
            return;
        }

        var sum = start.Value;
        for (var i = 0; i < x.Width; i++)
        {
            sum += x.Scale * x.Values[(row * x.Width) + i] * x.Weights[i];
        }

        y[row] = sum + last;
    }

    private static void Scale<T>(ArrayView<float> x) where T : struct => x[0] *= 2;

    private static void Magnitudes(ArrayView<float> x) => x[Group.IdxX] = Magnitude(x[Group.IdxX]);

    private static float Square(float x) => x * x;

    private static void Precise(double x)
    {
    }

    private static void Fixed(decimal x)
    {
    }

    [IntrinsicImplementation, PtxAsm("abs.f32 $d, $0;")]
    private static float Magnitude(float x) => MathF.Abs(x);

    private readonly struct Twice;

    /// <summary>Padding before the views, and behind the last field.</summary>
    private readonly record struct Weighted(float Scale, ArrayView<float> Values, ArrayView<float> Weights, int Width);

    private readonly struct Start(float value)
    {
        public readonly float Value = value;
    }
}
