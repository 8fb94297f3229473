namespace DPT.Engine.Kernels;

/// <summary>
/// An operator call that cannot run: the message names the operator or variant, the limit, and what to do.
/// </summary>
public class KernelException : Exception
{
    /// <summary>Creates the exception with its one-line message.</summary>
    public KernelException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with its one-line message and the failure behind it.</summary>
    public KernelException(string message, Exception inner) : base(message, inner)
    {
    }
}
