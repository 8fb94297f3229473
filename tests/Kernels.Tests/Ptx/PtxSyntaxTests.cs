using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Parsing and printing: what was read is what is written, and what is not PTX is refused with its line.</summary>
public sealed class PtxSyntaxTests
{
    public static IEnumerable<GpuKernel> Kernels() => GpuKernels.All
        .Concat(new[]
        {
            nameof(SampleKernels.Fused), nameof(SampleKernels.Branches), nameof(SampleKernels.Lag), nameof(SampleKernels.Arrays),
        }.Select(SampleKernels.Kernel));

    [TestCaseSource(nameof(Kernels))]
    public void Print_OfParsedText_HasTheSameWords(GpuKernel kernel)
    {
        var text = PtxCompiler.Compile(kernel);
        var printed = PtxParser.Parse(text).ToString();
        Assert.That(Words(printed), Is.EqualTo(Words(text)));
    }

    [TestCaseSource(nameof(Kernels))]
    public void Print_OfTheFinalModule_ParsesToTheSameText(GpuKernel kernel)
    {
        var text = PtxPipeline.Build(kernel, PtxArchitecture.Sm80).ToString();
        Assert.That(PtxParser.Parse(text).ToString(), Is.EqualTo(text));
    }

    [TestCase("@!%p1 ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1+-16];")]
    [TestCase("shfl.sync.bfly.b32 %r1|%p1, %r2, 16, 31, 0xffffffff;")]
    [TestCase("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f1, %f2}, {%r1}, {%r2}, {0f00000000, 0f3F800000};")]
    [TestCase("setp.ge.or.s32 %p2, %r9, 4, !%p1;")]
    [TestCase("call.uni (result), Power, (a, b);")]
    [TestCase("{ .reg .pred p; WAIT: mbarrier.try_wait.parity.shared::cta.b64 p, [%r1], %r2; @!p bra WAIT; }")]
    [TestCase("targets: .branchtargets L0, L1; brx.idx %r1, targets;")]
    [TestCase("ret; // a remark\n/* and\nanother */")]
    public void Statement_RoundTrip_KeepsItsWords(string statement)
    {
        var text = $".version 8.0 .target sm_80 .address_size 64 .visible .entry k() {{ {statement} }}";
        Assert.That(Words(PtxParser.Parse(text).ToString()), Is.EqualTo(Words(text)));
    }

    [TestCase(".version 8.0\n.target sm_80", "line 2", "'.address_size'")]
    [TestCase(".version 8.0\n.target sm_80\n.address_size many", "line 3", "integer")]
    [TestCase(".version 8.0\n.target sm_80\n.address_size 64\n.entry k()\n{\nret", "line 6", "must")]
    [TestCase(".version 8.0\n.target sm_80\n.address_size 64\n.entry k()\n{\nld.f32 %f1 [%rd1];\n}", "line 6", "','")]
    [TestCase(".version 8.0\n.target sm_80\n.address_size 64\n.entry k()\n{\nadd.s32 %r1, %r2, 0q;\n}", "0q", "number")]
    [TestCase(".version 8.0\n.target sm_80\n.address_size 64\nret;", "line 4", "variable")]
    [TestCase("", "line 1", "'.version'")]
    public void Parse_OfSomethingElse_NamesTheLineAndWhatIsMissing(string text, string where, string what) =>
        Assert.That(
            () => PtxParser.Parse(text),
            Throws.TypeOf<KernelException>().With.Message.Contains(where).And.Message.Contains(what));

    private static IEnumerable<string> Words(string text) => PtxLexer.Tokens(text).Select(t => t.Text);
}
