using System.Runtime.InteropServices;
using DPT.Engine.Kernels;
using ILGPU;

namespace Kernels.Tests;

/// <summary>Tensor maps from the host's description to the text, the driver and the simulator.</summary>
public sealed class TensorParameterTests
{
    private static readonly GpuKernel Mixed = new(MixedKernel, threads: 32) { DynamicSharedBytes = 2048, MinArchitecture = PtxArchitecture.Sm90a };

    [Test]
    public void Text_AlignsMapsAndDynamicSharedMemory_AndLoadsNoFields()
    {
        var module = PtxPipeline.Build(Mixed, PtxArchitecture.Sm90a);
        Assert.That(module.Entry.Parameters.Select(p => (p.Bytes, p.Aligned)), Is.EqualTo(new[] { (4, 4), (128, 64), (16, 8) }));
        Assert.That(module.Variables.Single(v => v.Length == 0).Alignment, Is.EqualTo(1024));
        Assert.That(module.Entry.Instructions.Count(i => i.Opcode == "ld.param.b64"), Is.LessThanOrEqualTo(2));
        Assert.That(module.Entry.Instructions.Select(i => i.Opcode), Has.Member("cvta.param.u64"));
    }

    [Test]
    public void Text_OfOtherKernels_IsNotTouched()
    {
        var module = PtxParser.Parse("""
            .version 8.0 .target sm_80 .address_size 64 .extern .shared .align 16 .b8 s[];
            .visible .entry k(.param .align 8 .b8 p[128]) { .reg .b64 %d; ld.param.b64 %d, [p]; st.global.b64 [%d], %d; ret; }
            """);
        Assert.That(TensorParameters.Apply(module, new PtxKernel("k", 32)).ToString(), Is.EqualTo(module.ToString()));
    }

    [Test]
    public void Parameters_OfAKernel_LieWhereTheTextHasThem() => Assert.That(
        Mixed.Parameters.Select(p => (p.Name, p.Kind, p.Offset)),
        Is.EqualTo(new[] { ("x", GpuParameterKind.Int32, 0), ("map", GpuParameterKind.TensorMap, 64), ("y", GpuParameterKind.View, 192) }));

    [Test]
    public void Launch_OnACard_GivesWhatTheDriverMade()
    {
        var driver = new FakeCudaDriver();
        using var device = new CudaDevice(driver, selection: new KernelSelection());
        using var x = device.Allocate<float>(64 * 32);
        using var y = device.Allocate<float>(32);
        var tiles = TensorTiles.Matrix(x.Slice, 64, 32, 32, 8, 32);
        device.Prepare(Mixed).With(3).With(tiles).With(y.Slice).On(new GridSize(1));
        Assert.That(driver.Calls, Does.Contain("EncodeTensorMap 2"));
        Assert.That(PtxTensorMap.Decode(driver.Arguments.AsSpan(64)), Is.EqualTo(tiles.Map));
        Assert.That(MemoryMarshal.Read<long>(driver.Arguments.AsSpan(192)), Is.EqualTo((long)y.Slice.Address));
        Assert.That(driver.Starts, Is.EqualTo(new[] { 0, 64, 192 }), "where maps lie on a card is the assembler's choice");
        driver.Failing = ("EncodeTensorMap", 1);
        Assert.That(
            () => device.Prepare(Mixed).With(3).With(tiles), Throws.TypeOf<DeviceException>().With.Message.Contains("a tensor map").And.Message.Contains("CUDA_ERROR_1"));
        driver.Failing = null;
    }

    [Test]
    public void Launch_OnTheSimulator_KnowsTheTensorByItsParameter()
    {
        using var device = new SimDevice(architecture: PtxArchitecture.Sm90a, selection: new KernelSelection());
        using var x = device.Allocate<float>(64 * 32);
        using var y = device.Allocate<float>(32);
        Assert.That(
            () => device.Prepare(Mixed).With(3).With(TensorTiles.Matrix(x.Slice, 64, 32, 32, 8, 32)).With(y.Slice).On(new GridSize(1)),
            Throws.TypeOf<KernelException>().With.Message.Contains("'map'[96]").And.Message.Contains("nothing was ever written there"));
        device.Clear(x.Slice);
        device.Prepare(Mixed).With(3).With(TensorTiles.Matrix(x.Slice, 64, 32, 32, 8, 32)).With(y.Slice).On(new GridSize(1));
        Assert.That(device.Download(y.Slice), Is.All.EqualTo(0));
    }

    [Test]
    public void Tiles_BeyondTheirSlice_AreRefused()
    {
        var slice = new Slice<ushort>(1 << 20, 64 * 63);
        Assert.That(
            () => TensorTiles.Matrix(slice, 64, 64, 64, 64, 64),
            Throws.TypeOf<KernelException>().With.Message.EqualTo("a tensor map: the tensor reaches over 8192 bytes, its slice has 8064"));
        Assert.That(
            () => TensorTiles.Matrix(slice, 8, 64, 60, 8, 64), Throws.TypeOf<KernelException>().With.Message.Contains("a stride is a multiple of 16 bytes"));
        Assert.That(TensorTiles.Matrix(slice, 63, 64, 64, 32, 64).BoxBytes, Is.EqualTo(4096));
    }

    [Test]
    public void Kernel_ForHopper_IsForNoOther()
    {
        Assert.That(Mixed.Architectures, Is.EqualTo(new[] { PtxArchitecture.Sm90a }));
        Assert.That(new GpuKernel(SampleKernels.Fused, 64).Architectures, Is.EqualTo(PtxArchitecture.All));
        Assert.That(
            () => PtxPipeline.Build(Mixed, PtxArchitecture.Sm80),
            Throws.TypeOf<KernelException>().With.Message.EqualTo("TensorParameterTests.MixedKernel is for sm_90a, not for sm_80"));
    }

    [Test]
    public void Variant_ForHopper_SaysWhyItDoesNotRun()
    {
        var variant = new HopperVariant();
        using var ampere = new SimDevice(architecture: PtxArchitecture.Sm80, selection: new KernelSelection());
        using var hopper = new SimDevice(architecture: PtxArchitecture.Sm90a, selection: new KernelSelection());
        Assert.That(variant.WhyNot(ampere), Is.EqualTo("is for sm_90a, not for sm_80"));
        Assert.That(variant.WhyNot(hopper), Is.Null);
    }

    private static void MixedKernel(int x, TensorMap map, ArrayView<float> y)
    {
        var tile = SharedAddress.OfDynamic();
        if (Group.IdxX == 0)
        {
            Mbarrier.Init(tile + 1024, 1);
            Mbarrier.FenceInit();
            Mbarrier.ArriveExpecting(tile + 1024, 1024);
            BulkCopy.Load(tile, map, 0, x, tile + 1024);
        }

        Warp.Barrier();
        Mbarrier.Wait(tile + 1024, 0);
        y[Group.IdxX] = Get(SharedAddress.Swizzled128(tile + (Group.IdxX * 32)));
    }

    [ILGPU.IR.Intrinsics.IntrinsicImplementation, PtxAsm("ld.shared.f32 $d, [$0];")]
    private static float Get(int at) => throw new NotSupportedException();

    private sealed class HopperVariant : GpuVariant<ClipFactorCall>
    {
        public override string Name => "hopper";

        public override string Idea => "none";

        public override IReadOnlyList<GpuKernel> Kernels { get; } = [Mixed];

        protected override void Run(GpuDevice device, in ClipFactorCall call) => throw new NotSupportedException();
    }
}
