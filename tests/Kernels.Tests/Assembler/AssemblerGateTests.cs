using System.Globalization;
using DPT.Engine.Kernels;
using ILGPU;

namespace Kernels.Tests;

/// <summary>
/// What NVIDIA's assembler may not make of any kernel of the registry. Where it is not installed these tests are skipped.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class AssemblerGateTests
{
    /// <summary>What a kernel may have that has no line in <c>register-ceilings.txt</c>: 16 warps fit at once.</summary>
    private const int UsualCeiling = 128;

    /// <summary>Fewer are a reduction, not a product.</summary>
    private const int FewestProducts = 32;

    private static readonly Dictionary<string, int[]> Ceilings = ReadCeilings();

    public static IEnumerable<TestCaseData> Kernels() =>
        from kernel in GpuKernels.All
        from architecture in kernel.Architectures
        select new TestCaseData(kernel, architecture).SetArgDisplayNames(kernel.Id, architecture.Name);

    [OneTimeSetUp]
    public static void RequireTheAssembler()
    {
        if (PtxAssembler.WhyNot is { } reason)
        {
            Assert.Ignore(reason);
        }
    }

    [TestCaseSource(nameof(Kernels))]
    public void Kernel_Assembled_KeepsToItsRegisters(GpuKernel kernel, PtxArchitecture architecture)
    {
        var module = PtxPipeline.Build(kernel, architecture);
        var disassembles = architecture == PtxArchitecture.Sm90a && GpuKernels.Methods.Contains(kernel) && MultipliesTiles(module);
        var (report, calls) = disassembles ? ReportAndCalls(module) : (PtxAssembler.Report(module), []);
        var occupancy = report.OccupancyOf(kernel.ToPtx(), architecture);
        Assert.Multiple(() =>
        {
            Assert.That(report.SpilledBytes, Is.Zero, "spilled bytes");
            Assert.That(report.StackBytes, Is.Zero, "bytes of stack");
            Assert.That(report.Warnings, Is.Empty, "warnings");
            Assert.That(report.Registers, Is.LessThanOrEqualTo(CeilingOf(kernel.Id, architecture)), "registers (register-ceilings.txt)");
            Assert.That(occupancy.Blocks, Is.GreaterThanOrEqualTo(Math.Max(1, kernel.BlocksPerMultiprocessor)), "blocks at once");
            Assert.That(calls, Is.Empty, "calls in loops of products");
        });
    }

    /// <summary>Why: what a quotient among the products of a tile costs can be seen.</summary>
    [Test]
    public void LoopsOfProducts_WithAQuotient_CallItsSlowPath() => Assert.That(
        ReportAndCalls(PtxPipeline.Build(new GpuKernel(DivideInTheLoop, 32), PtxArchitecture.Sm90a)).Calls,
        Is.EqualTo(new[] { "__cuda_sm3x_div_rn_noftz_f32_slowpath" }));

    /// <summary>Lines in the text cost nothing: the code is the same without them.</summary>
    [Test]
    public void Report_OfATextWithoutLines_IsTheSame()
    {
        var module = PtxPipeline.Build(GpuKernels.All[0], PtxArchitecture.Sm90a);
        var bare = PtxParser.Parse(string.Join('\n', module.ToString().Split('\n').Where(l => !l.Contains(".loc") && !l.Contains(".file"))));
        Assert.That(bare.Entry.Instructions.Select(i => i.Origin), Is.All.Null);
        var (lines, none) = (PtxAssembler.Disassemble(module).Code, PtxAssembler.Disassemble(bare).Code);
        Assert.That(lines.Instructions.Select(i => (i.Text, i.Control)), Is.EqualTo(none.Instructions.Select(i => (i.Text, i.Control))));
        Assert.That(none.Instructions.Select(i => i.Origin), Is.All.Null);
    }

    [Test]
    public void Report_OfWhatIsNoPtx_SaysWhatTheAssemblerSays() => Assert.That(
        () => PtxAssembler.Report(PtxText.Entry("frobnicate.s32 %r1;")),
        Throws.TypeOf<PtxException>().With.Message.StartsWith("ptxas failed: ").And.Message.Contains("frobnicate"));

    /// <summary>Why the gate exists: what it looks for can be seen.</summary>
    [Test]
    public void Report_OfAKernelWithTooFewRegisters_SeesTheSpills()
    {
        var module = PtxPipeline.Build(GpuKernels.All.Single(k => k.Id == "MatMulV3RegisterTiles.Kernel.KMajor.KMajor"), PtxArchitecture.Sm90a);
        var entry = module.Entry with { Directives = [new PtxDirective(".maxnreg", [64])] };
        Assert.That(PtxAssembler.Report(module with { Functions = [entry] }).SpilledBytes, Is.GreaterThan(100));
    }

    /// <summary>
    /// A call in a loop of products costs registers and stops the pipeline even where it is rarely taken. (Looked for on one
    /// architecture, for the disassembler takes a second; and in one size of a kernel, for sizes call nothing.)
    /// </summary>
    private static (AssemblerReport Report, string[] Calls) ReportAndCalls(PtxModule module)
    {
        var assembled = PtxAssembler.Disassemble(module);
        return (assembled.Report, [.. assembled.Code.Loops.Where(IsOfProducts).SelectMany(l => l.Calls)]);
    }

    /// <summary>Whether a loop of products may be there at all.</summary>
    private static bool MultipliesTiles(PtxModule module)
    {
        var names = module.Entry.Instructions.Select(i => i.Name).ToHashSet();
        return names.Overlaps(["mma", "wgmma"]) || names.IsSupersetOf(["bar", "fma"]);
    }

    /// <summary>Loops that multiply tiles: matrices, or what all threads have brought to shared memory.</summary>
    private static bool IsOfProducts(SassLoop loop)
    {
        return Count("HMMA", "HGMMA") > 0 || (Count("BAR") > 0 && Count("LDS") > 0 && Count("FFMA", "FMUL") >= FewestProducts);

        int Count(params string[] names) => loop.Body.Count(i => names.Contains(i.Name));
    }

    private static void DivideInTheLoop(ArrayView<float> x, int n)
    {
        var tile = SharedMemory.Allocate<float>(32);
        var sum = 0f;
        for (var i = 0; i < n; i++)
        {
            tile[Group.IdxX] = x[(32 * i) + Group.IdxX];
            Group.Barrier();
            for (var k = 0; k < 32; k++)
            {
                sum = Scalar.Fma(tile[k], tile[31 - k], sum);
            }

            sum /= tile[3];
            Group.Barrier();
        }

        x[Group.IdxX] = sum;
    }

    private static int CeilingOf(string kernel, PtxArchitecture architecture) =>
        Ceilings.TryGetValue(kernel, out var registers) ? registers[PtxArchitecture.All.ToList().IndexOf(architecture)] : UsualCeiling;

    private static Dictionary<string, int[]> ReadCeilings()
    {
        using var stream = typeof(AssemblerGateTests).Assembly.GetManifestResourceStream("register-ceilings.txt")!;
        return new StreamReader(stream).ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith('#'))
            .Select(line => line.Split(' '))
            .ToDictionary(words => words[0], words => words.Skip(1).Select(w => int.Parse(w, CultureInfo.InvariantCulture)).ToArray());
    }
}
