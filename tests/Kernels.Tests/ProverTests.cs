using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Kernels with planted faults: the prover must report each of them, and nothing about a kernel that is right.</summary>
public sealed unsafe class ProverTests
{
    private const int Length = 37;

    private delegate void Kernel(float* x, float* y, float* sum);

    [Test]
    public void Prove_CorrectKernel_FindsNothing() => Assert.That(Prove(Correct), Is.Empty);

    [Test]
    public void Prove_WrongValue_IsReportedWithItsPlace() => AssertFault("'y' got", "at 11,", (x, y, sum) =>
    {
        Correct(x, y, sum);
        y[11] += 1e-3f;
    });

    [TestCase(-1)]
    [TestCase(Length)]
    [TestCase(-1000)]
    [TestCase(Length + 1000)]
    public void Prove_WriteOutside_IsReported(int at) => AssertFault("wrote outside 'y'", "", (x, y, sum) =>
    {
        Correct(x, y, sum);
        y[at] = 1;
    });

    [Test]
    public void Prove_ReadOutside_IsReported() => AssertFault("'y' got NaN", "at 0,", (x, y, sum) =>
    {
        Correct(x, y, sum);
        y[0] += 0 * x[Length];
    });

    [Test]
    public void Prove_ElementNobodyWrote_IsReported() => AssertFault("'y' got NaN", "at 20,", (x, y, sum) =>
    {
        var before = y[20];
        Correct(x, y, sum);
        y[20] = before;
    });

    [Test]
    public void Prove_AccumulationIntoAnOutput_IsReported() => AssertFault("'y' got NaN", "at 0,", (x, y, sum) =>
    {
        var before = y[0];
        Correct(x, y, sum);
        y[0] += before;
    });

    [Test]
    public void Prove_ReplacedWhereItShouldAdd_IsReported() => AssertFault("'sum' got", "at 0,", (x, y, sum) =>
    {
        Correct(x, y, sum);
        sum[0] = 0;
        Correct(x, y, sum);
    });

    [Test]
    public void Prove_InputChanged_IsReported() => AssertFault("input 'x' was changed", "", (x, y, sum) =>
    {
        Correct(x, y, sum);
        x[5] = x[6];
    });

    [Test]
    public void Prove_SignOfAZeroInputChanged_IsReported() => AssertFault("input 'x' was changed", "", (x, y, sum) =>
    {
        Correct(x, y, sum);
        x[1] = 0;
    });

    [Test]
    public void Prove_OtherBitsInTheSecondRun_IsReported()
    {
        var run = 0;
        AssertFault("'y' differs between two runs", "", (x, y, sum) =>
        {
            Correct(x, y, sum);
            y[8] = run++ == 0 ? y[8] : MathF.BitIncrement(y[8]);
        });
    }

    [Test]
    public void Prove_WorseThanTheLibraryAllows_IsReported()
    {
        void Sloppy(float* x, float* y, float* sum)
        {
            Correct(x, y, sum);
            y[11] += 3e-6f;
        }

        Assert.That(Prove(Sloppy, new() { ["y"] = 2e-6 }), Is.Empty);
        Assert.That(Prove(Sloppy, new() { ["y"] = 1e-7 }), Has.Count.EqualTo(1));
    }

    private static void AssertFault(string what, string where, Kernel kernel)
    {
        var faults = Prove(kernel);
        Assert.That(faults, Has.Some.Contains(what).And.Some.Contains(where));
        Assert.That(faults, Has.All.Contains("doubling/planted [n=37] seed 1"), "a fault must be replayable");
    }

    [Test]
    public void ProveAll_OfAnOperator_ProvesEveryVariantOnHardValuesToo()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        var right = new Operator<DoublingCall>("doubling", () => [Case()], new Planted(Correct), new Planted(Correct));
        var wrong = new Operator<DoublingCall>("doubling", () => [Case()], new Planted(Correct), new Planted((x, y, sum) =>
        {
            Correct(x, y, sum);
            y[3] = float.IsNaN(x[Length / 3]) ? 0 : y[3];
            y[Length - 1] = float.IsNaN(x[Length - 1]) ? 0 : y[Length - 1];
        }));
        Assert.Multiple(() =>
        {
            Assert.That(KernelProver.ProveAll(device, right), Is.Empty);
            Assert.That(KernelProver.ProveAll(device, wrong), Has.Some.Contains("| NaN in x]").And.All.Contains("doubling/planted"));
        });
    }

    [Test]
    public void ProveAll_ForADeviceThatNoVariantIsFor_ProvesNothingAndSaysSo()
    {
        using var device = new SimDevice(selection: new KernelSelection());
        var op = new Operator<DoublingCall>("doubling", () => [Case()], new Planted(Correct));
        Assert.That(
            () => KernelProver.ProveAll(device, op),
            Throws.TypeOf<KernelException>().With.Message.EqualTo("doubling: no variant is for Sim"));
    }

    private static IReadOnlyList<string> Prove(Kernel kernel, Dictionary<string, double>? libraryErrors = null)
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        var variant = new Planted(kernel);
        var op = new Operator<DoublingCall>("doubling", () => [Case()], variant);
        return KernelProver.Prove(device, op, variant, Case(), libraryErrors: libraryErrors);
    }

    /// <summary>y = 2 x, and sum += sum of x.</summary>
    private static void Correct(float* x, float* y, float* sum)
    {
        for (var i = 0; i < Length; i++)
        {
            y[i] = 2 * x[i];
            sum[0] += x[i];
        }
    }

    private static KernelCase<DoublingCall> Case() => new(
        $"n={Length}",
        [Operand.In("x", Length, FillPattern.Positive), Operand.Out("y", Length), Operand.Update("sum", 1, Length)],
        m => new DoublingCall(m["x"], m["y"], m["sum"]),
        v =>
        {
            for (var i = 0; i < Length; i++)
            {
                v["y"][i] = 2 * v["x"][i];
                v["sum"][0] += v["x"][i];
            }
        })
    {
        Derive = v => v["x"][1] = -0.0,
    };

    private readonly record struct DoublingCall(Slice<float> X, Slice<float> Y, Slice<float> Sum) : IKernelCall
    {
        public string Shape => $"n={X.Length}";

        public string SampleShape => Shape;

        public double Flops => X.Length;

        public double Bytes => 8.0 * X.Length;

        public void Validate()
        {
        }
    }

    private sealed class Planted(Kernel kernel) : KernelVariant<DoublingCall>
    {
        public override string Name => "planted";

        public override string Idea => "whatever the test plants";

        public override DeviceKind Targets => DeviceKind.Host;

        public override void Launch(Device device, in DoublingCall call) =>
            kernel((float*)call.X.Address, (float*)call.Y.Address, (float*)call.Sum.Address);
    }
}
