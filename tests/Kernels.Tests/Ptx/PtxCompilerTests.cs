using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>From C# to PTX: the optimisation level that is right, and errors that say what does not compile.</summary>
public sealed class PtxCompilerTests
{
    [Test]
    public void Compile_LoadBetweenTwoBarriers_StaysThere()
    {
        var module = PtxPipeline.Build(SampleKernels.Kernel(SampleKernels.Exchange), PtxArchitecture.Sm80);
        var order = module.Entry.Instructions.Where(i => i.Has("shared") || i.Name == "bar").Select(i => i.Name);
        Assert.That(order, Is.EqualTo(new[] { "st", "bar", "ld", "bar" }), "optimisation level O2 moves the load");
    }

    [Test]
    public void Compile_WhatIlgpuCannot_NamesTheKernelAndTheReason() =>
        Assert.That(
            () => PtxCompiler.Compile(SampleKernels.Kernel(SampleKernels.Text)),
            Throws.TypeOf<KernelException>().With.Message.StartsWith("SampleKernels.Text does not compile: ")
                .And.Message.Contains("'string'"));

    [Test]
    public void Compile_AfterAFailure_StillWorks()
    {
        Assert.That(() => PtxCompiler.Compile(SampleKernels.Kernel(SampleKernels.Text)), Throws.Exception);
        Assert.That(PtxCompiler.Compile(SampleKernels.Kernel(SampleKernels.Fused)), Does.Contain("fma.rn.f32"));
    }

    [Test]
    public void Build_AfterOtherKernels_GivesTheSameText()
    {
        var kernels = new Delegate[] { SampleKernels.Branches, SampleKernels.Fused, SampleKernels.Arrays }
            .Select(SampleKernels.Kernel)
            .Concat(GpuKernels.All.Where(k => k.Id.EndsWith("Head64", StringComparison.Ordinal)))
            .ToList();
        var forwards = kernels.ConvertAll(k => PtxPipeline.Make(k).ToString());
        kernels.Reverse();
        var backwards = kernels.ConvertAll(k => PtxPipeline.Make(k).ToString());
        backwards.Reverse();
        Assert.That(backwards, Is.EqualTo(forwards));
    }

    [Test]
    public void Build_OfAKernel_HasNoNumberOfTheProcess()
    {
        var text = PtxPipeline.Build(SampleKernels.Kernel(SampleKernels.Branches), PtxArchitecture.Sm90a).ToString();
        Assert.That(text, Does.Contain(".entry SampleKernels_Branches(").And.Contain(".func (.param .f32 retval) Power(")
            .And.Contain("[_min]").And.Contain("\nL0:").And.Contain(".target sm_90a").And.Not.Match("_[0-9]{3,}"));
    }
}
