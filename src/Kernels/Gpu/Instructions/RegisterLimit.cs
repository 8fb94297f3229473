using ILGPU.IR.Intrinsics;

namespace DPT.Engine.Kernels;

/// <summary>
/// Registers that warpgroups hand to each other (<c>setmaxnreg</c>): those that copy give up what those that multiply need. All four
/// warps of a group must come here. All groups together have 512 a lane.
/// </summary>
public static class RegisterLimit
{
    /// <summary>This group goes on with 24 registers a thread.</summary>
    [IntrinsicImplementation, PtxAsm("setmaxnreg.dec.sync.aligned.u32 24;")]
    public static void DownTo24()
    {
    }

    /// <summary>This group goes on with 40 registers a thread.</summary>
    [IntrinsicImplementation, PtxAsm("setmaxnreg.dec.sync.aligned.u32 40;")]
    public static void DownTo40()
    {
    }

    /// <summary>This group waits until it has 160 registers a thread: three groups and one with 24.</summary>
    [IntrinsicImplementation, PtxAsm("setmaxnreg.inc.sync.aligned.u32 160;")]
    public static void UpTo160()
    {
    }

    /// <summary>This group waits until it has 232 registers a thread: two groups and one with 40.</summary>
    [IntrinsicImplementation, PtxAsm("setmaxnreg.inc.sync.aligned.u32 232;")]
    public static void UpTo232()
    {
    }

    /// <summary>This group waits until it has 240 registers a thread: two groups and one with 24.</summary>
    [IntrinsicImplementation, PtxAsm("setmaxnreg.inc.sync.aligned.u32 240;")]
    public static void UpTo240()
    {
    }
}
