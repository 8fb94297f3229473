using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Every pass on a small module: what it changes, and what it must leave.</summary>
public sealed class PtxPassTests
{
    [Test]
    public void RemoveUncalledFunctions_KeepsWhatTheEntryReaches()
    {
        var module = PtxText.Module("""
            .visible .func Dead() { call.uni Used; ret; }
            .visible .func Used();
            .visible .func Used() { call.uni Inner; ret; }
            .visible .func Inner() { ret; }
            .visible .entry kernel() { call.uni Used; ret; }
            """);
        var names = RemoveUncalledFunctions.Apply(module).Functions.Select(f => f.Name);
        Assert.That(names, Is.EqualTo(new[] { "Used", "Used", "Inner", "kernel" }));
    }

    [Test]
    public void Retarget_PutsInTheArchitecture()
    {
        var module = Retarget.Apply(PtxText.Entry("ret;"), new PtxArchitecture("sm_100a", "8.6", 232448));
        Assert.That((module.Version, module.Target), Is.EqualTo(("8.6", "sm_100a")));
    }

    [TestCase(0, ".maxntid 96, 1, 1")]
    [TestCase(3, ".maxntid 96, 1, 1\n.minnctapersm 3")]
    public void LaunchBounds_ReplacesWhatIsThere(int blocks, string expected)
    {
        var kernel = new GpuKernel(SampleKernels.Fused, 96) { BlocksPerMultiprocessor = blocks };
        var module = PtxText.Module(".func F() { ret; } .visible .entry kernel()\n.maxntid 32, 1, 1\n{ ret; }");
        var bound = LaunchBounds.Apply(module, kernel.ToPtx());
        Assert.That(bound.ToString().ReplaceLineEndings("\n"), Does.Contain($")\n{expected}\n{{"));
        Assert.That(bound.Functions[0].Directives, Is.Empty, "an entry alone has bounds");
    }

    [Test]
    public void SharedAlignment_RaisesSharedMemoryOnly()
    {
        var module = PtxText.Module("""
            .extern .shared .align 4 .b8 dynamic[];
            .global .align 4 .b8 other[16];
            .visible .entry kernel() { .shared .align 2 .b8 a[8]; .shared .align 128 .b8 b[8]; .local .align 4 .b8 c[8]; { .shared .align 4 .b8 d[8]; } ret; }
            """);
        var aligned = SharedAlignment.Apply(module);
        Assert.That(
            aligned.Variables.Concat(aligned.Entry.Statements.OfType<PtxVariable>()).Select(v => v.Alignment),
            Is.EqualTo(new[] { 16, 4, 16, 128, 4, 16 }));
    }

    [Test]
    public void ReadableNames_FunctionsThatDifferInTheirNumber_StayApart()
    {
        var module = PtxText.Module(
            ".func F_7() { ret; } .func F_9() { call.uni F_7; ret; } .visible .entry kernel() { call.uni F_9; ret; }");
        var renamed = ReadableNames.Apply(module, SampleKernels.Kernel(SampleKernels.Fused).ToPtx());
        Assert.That(renamed.Functions.Select(f => f.Name), Is.EqualTo(new[] { "F", "F_2", "SampleKernels_Fused" }));
        Assert.That(
            renamed.Functions.SelectMany(f => f.Instructions).Where(i => i.Name == "call").Select(i => i.ToString()),
            Is.EqualTo(new[] { "call.uni\tF;", "call.uni\tF_2;" }));
    }

    [Test]
    public void ReadableNames_NumbersLabelsInOrderAndLeavesThoseOfBlocks()
    {
        var module = PtxText.Entry("""
            ld.param.b32 %r1, [_n_1+4];
            L_770: bra L_773;
            L_773: { L_770: bra L_770; bra L_773; }
            table_9: .branchtargets L_770, L_773;
            brx.idx %r1, table_9;
            """);
        var renamed = ReadableNames.Apply(module, SampleKernels.Kernel(SampleKernels.Fused).ToPtx());
        Assert.That(PtxText.Body(renamed), Is.EqualTo(new[]
        {
            "ld.param.b32 %r1, [_n+4];", "L0:", "bra L1;", "L1:", "{", "L_770:", "bra L_770;", "bra L1;",
            "L2: .branchtargets L0, L1;", "brx.idx %r1, L2;",
        }));
        Assert.That(renamed.Entry.Name, Is.EqualTo("SampleKernels_Fused"));
    }

    [Test]
    public void CarriedValues_CopyOfWhatWasOverwritten_GetsTheOldValue()
    {
        var module = PtxText.Entry("""
            .reg .f32 %f<4>;
            mov.f32 %f1, 0f00000000;
            mov.f32 %f2, 0f00000000;
            bra LOOP;
            LOOP:
            add.f32 %f3, %f1, %f2;
            mov.f32 %f1, %f3;
            mov.f32 %f2, %f1;
            bra LOOP;
            """);
        Assert.That(PtxText.Body(CarriedValues.Apply(module))[^5..], Is.EqualTo(new[]
        {
            "add.f32 %f3, %f1, %f2;", "mov.f32 %carried0, %f1;", "mov.f32 %f1, %f3;", "mov.f32 %f2, %carried0;", "bra LOOP;",
        }));
    }

    /// <summary>A predicate is read where it guards, and copies stand before a branch over a table too.</summary>
    [TestCase("bra LOOP;")]
    [TestCase("targets: .branchtargets LOOP; brx.idx %r1, targets;")]
    public void CarriedValues_OfPredicates_GetTheOldValue(string branch)
    {
        var module = PtxText.Entry($"""
            .reg .pred %p<9>; .reg .f32 %f<4>; .reg .b32 %r<2>;
            mov.pred %p1, %p5;
            mov.pred %p2, %p5;
            LOOP:
            @%p1 add.f32 %f1, %f1, %f2;
            @%p2 add.f32 %f1, %f1, %f2;
            mov.pred %p1, %p3;
            mov.pred %p2, %p1;
            {branch}
            """);
        var body = PtxText.Body(CarriedValues.Apply(module));
        var first = Array.IndexOf(body, "mov.pred %carried0, %p1;");
        Assert.That(body[(first + 1)..(first + 3)], Is.EqualTo(new[] { "mov.pred %p1, %p3;", "mov.pred %p2, %carried0;" }));
    }

    /// <summary>A copy under a guard is an instruction of its own: it means the new value.</summary>
    [Test]
    public void CarriedValues_CopyUnderAGuard_Stays()
    {
        var module = PtxText.Entry("""
            .reg .f32 %f<4>; .reg .pred %p<2>;
            mov.f32 %f1, 0f00000000;
            mov.f32 %f2, 0f00000000;
            LOOP:
            add.f32 %f3, %f1, %f2;
            mov.f32 %f1, %f3;
            @%p1 mov.f32 %f2, %f1;
            bra LOOP;
            """);
        Assert.That(CarriedValues.Apply(module).ToString(), Is.EqualTo(module.ToString()));
    }

    [Test]
    public void CarriedValues_CopiesInAnOrderThatIsRight_Stay()
    {
        var module = PtxText.Entry("""
            .reg .f32 %f<9>;
            mov.f32 %f1, 0f00000000;
            mov.f32 %f2, 0f00000000;
            LOOP:
            mov.b32 %f5, %r1;
            mov.f32 %f6, %f1;
            mov.f32 %f1, %f5;
            mov.f32 %f2, %f6;
            bra NEXT;
            NEXT:
            add.f32 %f7, %f5, %f2;
            bra LOOP;
            """);
        Assert.That(CarriedValues.Apply(module).ToString(), Is.EqualTo(module.ToString()));
    }

    [Test]
    public void CarriedValues_ArrayOfIlgpu_IsRepaired()
    {
        var kernel = SampleKernels.Kernel(SampleKernels.Lag);
        Assert.That(PtxPipeline.Build(kernel, PtxArchitecture.Sm80).ToString(), Does.Contain("%carried0, %f"));
    }

    [Test]
    public void CarriedValues_ArrayOfIlgpu_ComputesWhatTheSourceSays()
    {
        using var device = new SimDevice(threads: 1, selection: new KernelSelection());
        using var x = device.Upload<float>([0, 0, 0, 10]);
        device.Prepare(new GpuKernel(SampleKernels.Lag, threads: 32)).With(x.Slice).With(3).On(new GridSize(1));
        Assert.That(device.Download(x.Slice)[0], Is.EqualTo(14));
    }
}
