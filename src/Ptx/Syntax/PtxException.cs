namespace DPT.Engine.Ptx;

/// <summary>
/// Text that is not PTX, or a launch that did something wrong: the message names the kernel, the thread, the line and what
/// it did there.
/// </summary>
public sealed class PtxException : Exception
{
    /// <summary>Creates the exception with its one-line message.</summary>
    public PtxException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with its one-line message and the failure behind it.</summary>
    public PtxException(string message, Exception inner) : base(message, inner)
    {
    }
}
