namespace DPT.Engine.Kernels;

/// <summary>
/// A device or its driver failed, or has no memory left: nothing is wrong with the call. The message names what failed.
/// </summary>
public sealed class DeviceException : KernelException
{
    /// <summary>Creates the exception with its one-line message.</summary>
    public DeviceException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with its one-line message and the failure behind it.</summary>
    public DeviceException(string message, Exception inner) : base(message, inner)
    {
    }
}
