using System.Runtime.InteropServices;
using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>What the CUDA device asks of the driver: the text, the bytes, the order, and what it says when refused.</summary>
public sealed class CudaDeviceTests
{
    private static readonly GpuKernel Fused = SampleKernels.Kernel(SampleKernels.Fused);

    private FakeCudaDriver _driver = null!;

    [SetUp]
    public void Start() => _driver = new FakeCudaDriver();

    [TestCase(9, 0, "sm_90a")]
    [TestCase(8, 0, "sm_80")]
    [TestCase(8, 9, "sm_80")]
    [TestCase(10, 0, "sm_80")]
    [TestCase(12, 0, "sm_80")]
    public void Architecture_ComesFromTheCapability(int major, int minor, string expected)
    {
        _driver.Attributes[CudaAttribute.ComputeCapabilityMajor] = major;
        _driver.Attributes[CudaAttribute.ComputeCapabilityMinor] = minor;
        using var device = Open();
        Assert.That(device.Architecture.Name, Is.EqualTo(expected));
        Assert.That(device.Description, Is.EqualTo($"Fake GPU, {expected}, 8.0 GiB, driver for CUDA 13.0"));
    }

    [Test]
    public void Launch_OfAKernel_LoadsTheTextOfThePipelineAndGivesTheArgumentsAsACStruct()
    {
        using var device = Open();
        using var x = device.Upload<float>([1, 2, 3]);
        device.Prepare(Fused).With(x.Slice).With(0.5f).On(new GridSize(3, 2));
        device.Prepare(Fused).With(x.Slice).With(0.25f).On(new GridSize(1));
        Assert.Multiple(() =>
        {
            Assert.That(_driver.LoadedText, Is.EqualTo(PtxPipeline.Build(Fused, PtxArchitecture.Sm90a).ToString()));
            Assert.That(_driver.Calls.Count(c => c == "LoadModule"), Is.EqualTo(1));
            Assert.That(_driver.Calls, Does.Contain("FindFunction SampleKernels_Fused").And.Contain("Launch 3x2x1 64 0"));
            Assert.That(MemoryMarshal.Read<long>(_driver.Arguments), Is.EqualTo((long)x.Slice.Address));
            Assert.That(MemoryMarshal.Read<long>(_driver.Arguments.AsSpan(8)), Is.EqualTo(3));
            Assert.That(MemoryMarshal.Read<float>(_driver.Arguments.AsSpan(16)), Is.EqualTo(0.25f));
            Assert.That(_driver.Arguments, Has.Length.EqualTo(20));
            Assert.That(_driver.Starts, Is.Empty);
            Assert.That(device.Loaded, Is.EqualTo(new[] { new LoadedKernel("SampleKernels.Fused", 40, 0, IsCubin: false) }));
        });
    }

    [TestCase(40 * 1024, false)]
    [TestCase(100 * 1024, true)]
    public void Launch_WithMuchSharedMemory_RaisesTheLimit(int bytes, bool expected)
    {
        using var device = Open();
        Launch(device, new GpuKernel(SampleKernels.Fused, 64) { DynamicSharedBytes = bytes });
        Assert.That(_driver.Calls.Contains($"SetFunctionAttribute MaxDynamicSharedBytes {bytes}"), Is.EqualTo(expected));
        Assert.That(_driver.Calls, Does.Contain($"Launch 1x1x1 64 {bytes}"));
    }

    [Test]
    public void Copies_MoveBytesAndWaitOnlyForResults()
    {
        using var device = Open();
        using var x = device.Upload<int>([1, 2, 3, 4]);
        using var y = device.Allocate<int>(4);
        device.Copy(x.Slice, y.Slice);
        device.Clear(y.Slice.Range(1, 2));
        Assert.That(_driver.Calls, Has.No.Member("Synchronise"));
        Assert.That(device.Download(y.Slice), Is.EqualTo(new[] { 1, 0, 0, 4 }));
        Assert.That(_driver.Calls[^2..], Is.EqualTo(new[] { "CopyOut", "Synchronise" }));
    }

    [Test]
    public void Measure_AsksTheDevicesOwnClock()
    {
        using var device = Open();
        Assert.That(device.Measure(() => Launch(device, Fused)), Is.EqualTo(TimeSpan.FromMilliseconds(12.5)));
        Assert.That(
            _driver.Calls.Where(c => c == "RecordEvent" || c.StartsWith("Launch", StringComparison.Ordinal)),
            Is.EqualTo(new[] { "RecordEvent", "Launch 1x1x1 64 0", "RecordEvent" }));
    }

    /// <summary>The first replay runs what it records, because only then it is known which memory the launches take.</summary>
    [Test]
    public void Replay_OfCapturedWork_IsOneLaunchFromTheSecondOn()
    {
        using var device = Open();
        using var x = device.Upload<float>([1, 2, 3, 4]);
        using var captured = device.Capture(() => Work(device, x.Slice));
        string[] work = [.. _driver.Calls.Where(IsWork)];
        _driver.Calls.Clear();
        captured.Replay();
        Assert.That(_driver.Calls.Where(IsWork), Is.EqualTo((string[])[.. work, "BeginCapture", .. work, "EndCapture"]));
        _driver.Calls.Clear();
        captured.Replay();
        captured.Replay();
        Assert.That(_driver.Calls, Is.EqualTo(new[] { "LaunchGraph", "LaunchGraph" }));
        Assert.That(device.Memory.LiveBlocks, Is.EqualTo(2));
    }

    [Test]
    public void Replay_RunsHostWorkBetweenRecordings()
    {
        using var device = Open();
        using var x = device.Upload<float>([1, 2, 3, 4]);
        using var captured = device.Capture(() =>
        {
            Work(device, x.Slice);
            device.OnHost(() => device.CopyIn<float>([5, 6, 7, 8], x.Slice));
            Work(device, x.Slice);
        });
        captured.Replay();
        _driver.Calls.Clear();
        captured.Replay();
        Assert.That(_driver.Calls, Is.EqualTo(new[] { "LaunchGraph", "CopyIn", "LaunchGraph" }));
    }

    /// <summary>Its address stands in the recording: nobody else may write there between two launches of it.</summary>
    [Test]
    public void ScratchMemory_OfARecording_IsKeptForIt()
    {
        using var device = Open();
        using var x = device.Upload<float>(new float[100_000]);
        using var norm = device.Allocate<float>(1);
        var captured = device.Capture(() => device.Run(
            OptimizerOperators.Norm, new NormCall { Count = 100_000, X = x.Slice, Result = norm.Slice }));
        var held = device.Memory.LiveBlocks;
        captured.Replay();
        Assert.That(device.Memory.LiveBlocks, Is.EqualTo(held + 1));
        captured.Dispose();
        Assert.That(device.Memory.LiveBlocks, Is.EqualTo(held));
        Assert.That(_driver.Leaks, Has.No.Member("graph").And.No.Member("executable"));
    }

    [Test]
    public void Replay_WithAProfile_LaunchesEachByItself()
    {
        using var device = Open();
        using var x = device.Upload<float>([1, 2, 3, 4]);
        using var captured = device.Capture(() => Work(device, x.Slice));
        device.Profile = new OperatorProfile();
        captured.Replay();
        captured.Replay();
        Assert.That(_driver.Calls, Has.No.Member("BeginCapture"));
        Assert.That(device.Profile.Rows.Single().Calls, Is.EqualTo(2));
    }

    [TestCase("EndCapture")]
    [TestCase("Instantiate")]
    public void RecordingThatTheDriverRefuses_LeavesNothing(string call)
    {
        using var device = Open();
        using var x = device.Upload<float>([1, 2, 3, 4]);
        using (var captured = device.Capture(() => Work(device, x.Slice)))
        {
            _driver.Failing = (call, 900);
            Assert.That(captured.Replay, Throws.TypeOf<DeviceException>().With.Message.Contains("CUDA_ERROR_900"));
            _driver.Failing = null;
        }

        using var again = device.Capture(() => Work(device, x.Slice));
        again.Replay();
        Assert.That(device.Memory.LiveBlocks, Is.EqualTo(2));
    }

    [Test]
    public void Record_OfWhatCannotBeRepeated_Throws()
    {
        using var device = Open();
        Assert.That(() => device.Record(() => Launch(device, Fused)), Throws.TypeOf<KernelException>().With.Message.Contains("have run before"));
        Assert.That(
            () => device.Record(() => device.Allocate<int>(4).Dispose()),
            Throws.TypeOf<KernelException>().With.Message.Contains("did not have before"));
        Assert.That(() => device.Record(() => throw new InvalidOperationException()), Throws.InvalidOperationException);
    }

    [TestCase("LoadModule", "SampleKernels.Fused for sm_90a", "line 7: syntax error")]
    [TestCase("Launch", "SampleKernels.Fused on 1x1x1 blocks of 64 threads", "CUDA_ERROR_700 (described)")]
    [TestCase("Synchronise", "after SampleKernels.Fused or a kernel before it", "CUDA_ERROR_700 (described)")]
    [TestCase("Allocate", "bytes of the GPU's 8589934592", "CUDA_ERROR_700 (described)")]
    public void AnyFailure_SaysWhatWasAskedForAndWhatTheDriverSaid(string call, string what, string why)
    {
        using var device = Open();
        _driver.Log = "line 7: syntax error";
        if (call is not "LoadModule" and not "Allocate")
        {
            Launch(device, Fused);
        }

        _driver.Failing = (call, 700);
        Assert.That(
            () =>
            {
                using var more = device.Allocate<float>(1 << 20);
                Launch(device, Fused);
                device.Synchronize();
            },
            Throws.InstanceOf<KernelException>().With.Message.Contains(what).And.Message.Contains(why));
        _driver.Failing = null;
    }

    [Test]
    public void Load_OfABlockThatDoesNotFit_SaysWhy()
    {
        using var device = Open();
        _driver.FunctionAttributes[CudaFunctionAttribute.MaxThreads] = 32;
        Assert.That(() => Launch(device, Fused), Throws.TypeOf<KernelException>().With.Message.Contains("40 registers"));
        _driver.FunctionAttributes[CudaFunctionAttribute.MaxThreads] = 1024;
        var big = new GpuKernel(SampleKernels.Fused, 64) { DynamicSharedBytes = 300 << 10 };
        Assert.That(() => Launch(device, big), Throws.TypeOf<KernelException>().With.Message.Contains("shared memory"));
    }

    [TestCase("Initialise", 100, "the NVIDIA driver does not start: CUDA_ERROR_100")]
    [TestCase("CountDevices", 3, "finds no GPU: CUDA_ERROR_3")]
    [TestCase("RetainContext", 2, "no context on the GPU: CUDA_ERROR_2")]
    [TestCase("CreateStream", 2, "no stream on the GPU: CUDA_ERROR_2")]
    public void Open_WhereTheDriverRefuses_SaysWhyAndLeavesNothing(string call, int result, string message)
    {
        _driver.Failing = (call, result);
        Assert.That(() => new CudaDevice(_driver), Throws.TypeOf<DeviceException>().With.Message.Contains(message));
    }

    [Test]
    public void Open_WhereThereIsNoUsableGpu_SaysWhy()
    {
        _driver.Attributes[CudaAttribute.ComputeCapabilityMajor] = 7;
        Assert.That(CudaContext.WhyNot(_driver, 0), Does.Contain("compute capability 7.0, kernels need 8.0"));
        Assert.That(CudaContext.WhyNot(_driver, 1), Does.Contain("no GPU 1"));
        _driver.Devices = 0;
        Assert.That(CudaContext.WhyNot(_driver, 0), Does.Contain("but no GPU"));
    }

    [Test]
    public void Dispose_OfALostCard_DoesNotThrowAgain()
    {
        var device = Open();
        Launch(device, Fused);
        device.Allocate<float>(10).Dispose();
        _driver.Failing = ("SetContext", 700);
        Assert.That(device.Synchronize, Throws.TypeOf<DeviceException>());
        Assert.That(device.Dispose, Throws.Nothing);
    }

    [Test]
    public void Allocate_WhereIdleBlocksFillTheDevice_GivesThemBackFirst()
    {
        using var device = Open();
        device.Allocate<float>(1000).Dispose();
        _driver.Failing = ("Allocate", 2);
        Assert.That(() => device.Allocate<float>(100_000), Throws.TypeOf<DeviceException>());
        Assert.That(device.Memory.ReservedBytes, Is.Zero);
        Assert.That(_driver.Calls, Has.Some.EqualTo("Free"));
    }

    [TearDown]
    public void NothingLeaks() => Assert.That(_driver.Leaks, Is.Empty);

    private CudaDevice Open() => new(_driver, selection: new KernelSelection());

    private static void Work(CudaDevice device, Slice<float> x)
    {
        using var y = device.Allocate<float>(4);
        device.Clear(y.Slice);
        device.Run(ElementwiseOperators.Axpby, new AxpbyCall { Count = 4, Alpha = 1, Beta = 1, X = x, Y = y.Slice });
    }

    private static bool IsWork(string call) =>
        call.StartsWith("Launch ", StringComparison.Ordinal) || call is "Fill" or "BeginCapture" or "EndCapture";

    private static void Launch(CudaDevice device, GpuKernel kernel) =>
        device.Prepare(kernel).With(default(Slice<float>)).With(1f).On(new GridSize(1));
}
