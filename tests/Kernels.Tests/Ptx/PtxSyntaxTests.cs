using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Parsing and printing: what was read is what is written, and what is not PTX is refused with its line.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class PtxSyntaxTests
{
    public static IEnumerable<GpuKernel> Kernels() => GpuKernels.Methods
        .Concat(new Delegate[] { SampleKernels.Fused, SampleKernels.Branches, SampleKernels.Lag, SampleKernels.Arrays }.Select(SampleKernels.Kernel));

    [TestCaseSource(nameof(Kernels))]
    public void Print_OfParsedText_HasTheSameWords(GpuKernel kernel)
    {
        var text = PtxCompiler.Compile(kernel);
        var printed = PtxParser.Parse(text).ToString();
        Assert.That(Words(WithoutLines(printed)), Is.EqualTo(Words(WithoutLines(text))));
    }

    [TestCaseSource(nameof(Kernels))]
    public void Print_OfTheFinalModule_ParsesToTheSameText(GpuKernel kernel)
    {
        var text = PtxPipeline.Build(kernel, kernel.MinArchitecture).ToString();
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
            Throws.TypeOf<PtxException>().With.Message.Contains(where).And.Message.Contains(what));

    [Test]
    public void Tokens_OfAText_AreItsWordsWithTheirLines()
    {
        const string Text =
            "ld.global.v4.f32 %f1, [%rd1+-16]; // a: remark\n/* two\nlines */ @!%p bra $L_0;\ntry_wait.shared::cta.b64 p;";
        Assert.That(PtxLexer.Tokens(Text).Select(t => $"{t.Line} {t.Text}"), Is.EqualTo(new[]
        {
            "1 ld.global.v4.f32", "1 %f1", "1 ,", "1 [", "1 %rd1", "1 +", "1 -", "1 16", "1 ]", "1 ;",
            "3 @", "3 !", "3 %p", "3 bra", "3 $L_0", "3 ;", "4 try_wait.shared::cta.b64", "4 p", "4 ;",
        }));
    }

    [Test]
    public void Parse_OfAModule_GivesItsParts()
    {
        var module = PtxParser.Parse("""
            .version 8.0
            .target sm_90a, debug
            .address_size 64
            .extern .shared .align 16 .b8 dynamic[];
            .func (.param .b32 out) F(.param .align 8 .b8 in[16]);
            .visible .entry k()
            .maxntid 32, 2, 1
            {
                .reg .f32 %f<10>;
                @!%p1 ld.f32 %f1, [%rd1+-16];
                setp.ge.and.s32 %p2|%p3, %r1, 0, !%p4;
                st.f32 [%rd1+8], %f1;
            }
            """);
        var (function, entry) = (module.Functions[0], module.Entry);
        var instructions = entry.Instructions.ToArray();
        Assert.Multiple(() =>
        {
            Assert.That(module.Target, Is.EqualTo("sm_90a, debug"));
            Assert.That(module.Variables[0], Is.EqualTo(new PtxVariable(".extern", ".shared", 16, ".b8", "dynamic", 0) { Line = 4 }));
            Assert.That(module.Variables[0].Bytes, Is.Zero);
            Assert.That(function.Results[0].Name, Is.EqualTo("out"));
            Assert.That((function.Parameters[0].Bytes, function.Parameters[0].Aligned), Is.EqualTo((16, 8)));
            Assert.That(function.Body, Is.Null);
            Assert.That(entry.Directives[0].Values, Is.EqualTo(new[] { 32, 2, 1 }));
            Assert.That(entry.Statements.OfType<PtxRegisters>().Single().Count, Is.EqualTo(10));
            Assert.That(instructions[0].Guard, Is.EqualTo(new PtxGuard("%p1", true)));
            Assert.That(instructions[0].Operands[1], Is.EqualTo(new PtxAddress(new PtxName("%rd1"), -16)));
            Assert.That(instructions[1].Operands[0], Is.EqualTo(new PtxPair(new PtxName("%p2"), new PtxName("%p3"))));
            Assert.That(instructions[1].Operands[3], Is.EqualTo(new PtxName("%p4", IsNegated: true)));
            Assert.That(instructions[2].Operands[0], Is.EqualTo(new PtxAddress(new PtxName("%rd1"), 8)));
            Assert.That(instructions.Select(i => i.Line), Is.EqualTo(new[] { 10, 11, 12 }));
        });
    }

    /// <summary>ILGPU writes a sum even where the offset is negative, assembly by hand does not.</summary>
    [TestCase("[%rd1]", 0)]
    [TestCase("[%rd1+16]", 16)]
    [TestCase("[%rd1+-16]", -16)]
    [TestCase("[%rd1-16]", -16)]
    [TestCase("[%rd1-0x10]", -16)]
    public void Address_WithAnOffset_HasIt(string address, long offset) => Assert.That(
        PtxText.Entry($"ld.global.f32 %f1, {address};").Entry.Instructions.Single().Operands[1],
        Is.EqualTo(new PtxAddress(new PtxName("%rd1"), offset)));

    /// <summary>What is printed says the same as what was built: nothing is lost on the way to the assembler.</summary>
    [Test]
    public void Print_OfEverything_LosesNothing()
    {
        var text = """
            .version 8.0
            .target sm_80
            .address_size 64

            .extern .shared .align 16 .b8 dynamic[];

            .func (.param .b32 out) F(
            	.param .align 8 .b8 in[16]
            )
            ;

            .visible .entry k(
            	.param .b32 n
            )
            .maxntid 32, 1, 1
            {
            	.reg .pred %p<4>;
            	@!%p1 ld.param.b32	%r1, [n+-4];
            	selp.b32	%r2, 1, 0f3F800000, !%p2;
            	ret;
            }

            """.ReplaceLineEndings("\n");
        Assert.That(PtxParser.Parse(text).ToString().ReplaceLineEndings("\n"), Is.EqualTo(text));
    }

    [TestCase("0f3F800000", 0x3F800000UL)]
    [TestCase("0d3FF0000000000000", 0x3FF0000000000000UL)]
    [TestCase("0x7f", 0x7FUL)]
    [TestCase("12U", 12UL)]
    [TestCase("-1", ulong.MaxValue)]
    [TestCase("-0x10", 0xFFFFFFFFFFFFFFF0UL)]
    public void Number_HasItsBits(string text, ulong bits) => Assert.That(new PtxNumber(text).Bits, Is.EqualTo(bits));

    [TestCase(".pred", 1)]
    [TestCase(".u8", 1)]
    [TestCase(".bf16", 2)]
    [TestCase(".f16", 2)]
    [TestCase(".bf16x2", 4)]
    [TestCase(".f32", 4)]
    [TestCase(".s64", 8)]
    [TestCase(".b128", 16)]
    public void Type_HasItsBytes(string type, int bytes) => Assert.That(PtxType.Bytes(type), Is.EqualTo(bytes));

    [Test]
    public void Type_ThatIsNone_IsRefused() => Assert.That(() => PtxType.Bytes(".f31"), Throws.TypeOf<PtxException>());

    /// <summary>Each instruction knows the line of the last <c>.loc</c> of its function, though files are named at the end.</summary>
    [Test]
    public void Parse_OfLines_GivesThemToTheInstructionsBehindThem()
    {
        var module = PtxParser.Parse("""
            .version 8.0
            .target sm_80, debug
            .address_size 64
            .visible .entry a()
            {
                mov.u32 %r0, 0;
                .loc 1 66 9
                mov.u32 %r1, 1;
                { mov.u32 %r2, 2;
                .loc 2 7 13
                }
                L: mov.u32 %r3, 3;
            }
            .visible .entry b()
            {
                ret;
            }
            .visible .entry c()
            {
                .loc 2 7 1
                ret;
            }
            .file 1 "/home/some one/Kernel.cs"
            .file 2 "Other.cs"
            .section.debug_info { .b8 1 }
            """);
        Assert.That(
            module.Functions[0].Instructions.Select(i => $"{i.Origin}"),
            Is.EqualTo(new[] { "", "/home/some one/Kernel.cs:66", "/home/some one/Kernel.cs:66", "Other.cs:7" }));
        Assert.That(module.Functions[1].Instructions.Single().Origin, Is.Null);
        Assert.That(module.Functions[0].Instructions.Last().Place, Is.EqualTo("PTX line 12 (Other.cs:7)"));
        Assert.That(module.Functions[0].Instructions.First().Place, Is.EqualTo("PTX line 6"));
        var again = PtxParser.Parse(module.ToString());
        Assert.That(
            again.Functions.SelectMany(f => f.Instructions).Select(i => i.Origin),
            Is.EqualTo(module.Functions.SelectMany(f => f.Instructions).Select(i => i.Origin)));
    }

    [Test]
    public void Parse_OfALineOfNoFile_IsRefused() => Assert.That(
        () => PtxText.Entry(".loc 3 1 1\nret;"), Throws.TypeOf<PtxException>().With.Message.Contains("line 6").And.Message.Contains(".file 3"));

    /// <summary>The text does not say where it was built, and names the C# that every kernel was made of.</summary>
    [TestCaseSource(nameof(Kernels))]
    public void Lines_OfTheFinalModule_NameFilesWithoutFolders(GpuKernel kernel)
    {
        var instructions = PtxPipeline.Build(kernel, kernel.MinArchitecture).Entry.Instructions.ToList();
        var files = instructions.Select(i => i.Origin?.File).OfType<string>().Distinct().ToList();
        Assert.That(files, Is.Not.Empty.And.All.Match(@"^\w+\.cs$"));
        Assert.That(files, Does.Contain(kernel.Id.Split('.')[0] + ".cs"));
        Assert.That(instructions.SkipWhile(i => i.Origin is null), Has.All.Property("Origin").Not.Null, "no pass has lost one");
    }

    private static string WithoutLines(string text) => string.Join('\n', text.Split('\n').Where(line =>
        new[] { ".loc", ".file", ".section" }.All(word => !line.TrimStart().StartsWith(word, StringComparison.Ordinal))));

    private static IEnumerable<string> Words(string text) => PtxLexer.Tokens(text).Select(t => t.Text);
}
