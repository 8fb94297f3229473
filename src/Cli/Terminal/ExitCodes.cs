using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>What the process says to its caller when it ends.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>An unexpected failure: most likely a mistake of ours.</summary>
    public const int Unexpected = 1;

    /// <summary>Usage or configuration.</summary>
    public const int Usage = 2;

    /// <summary>Environment: device, driver, data, disk, memory.</summary>
    public const int Environment = 3;

    /// <summary>A check did not pass: kernel mismatch, corrupt file.</summary>
    public const int Check = 4;

    /// <summary>Training diverged.</summary>
    public const int Diverged = 5;

    /// <summary>Interrupted after saving.</summary>
    public const int Interrupted = 130;

    private const string WayOut =
        "; if memory is short, lower batches, widths or depths (`dpt run --dry-run` estimates), or set diffusion.recompute=true";

    /// <summary>The table as help prints it.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> Table { get; } =
    [
        (Done, "done"),
        (Unexpected, "unexpected failure"),
        (Usage, "usage or configuration"),
        (Environment, "environment: device, driver, data, disk, memory"),
        (Check, "a check did not pass: kernel mismatch, corrupt file"),
        (Diverged, "training diverged"),
        (Interrupted, "interrupted after saving"),
    ];

    /// <summary>What a failure was, in one line.</summary>
    public static string Describe(Exception failure) => failure switch
    {
        DeviceException or OutOfMemoryException => failure.Message.TrimEnd('.') + WayOut,
        _ => failure.Message,
    };

    /// <summary>The code of a failure.</summary>
    public static int Of(Exception failure) => failure switch
    {
        DptException { Kind: FailureKind.Usage } => Usage,
        DptException { Kind: FailureKind.Environment } => Environment,
        DptException { Kind: FailureKind.Check } => Check,
        DptException { Kind: FailureKind.Diverged } => Diverged,
        DeviceException or OutOfMemoryException => Environment,
        // A call that no chosen kernel can run: a kernel or a size was asked for that does not exist.
        KernelException or PtxException => Usage,
        InvalidDataException => Check,
        IOException or UnauthorizedAccessException => Environment,
        OperationCanceledException => Interrupted,
        _ => Unexpected,
    };
}
