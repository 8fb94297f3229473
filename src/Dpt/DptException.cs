namespace DPT.Engine.Dpt;

/// <summary>What kind of failure a user meets; each has its exit code.</summary>
public enum FailureKind
{
    /// <summary>Options or configuration that make no sense: exit code 2.</summary>
    Usage,

    /// <summary>Something the run needs is missing or broken: device, data, disk: exit code 3.</summary>
    Environment,

    /// <summary>A check did not pass, e.g. a corrupt file: exit code 4.</summary>
    Check,

    /// <summary>Training produced numbers that are not finite: exit code 5.</summary>
    Diverged,
}

/// <summary>A failure explained in one line: what, where, the limit, what to do.</summary>
public sealed class DptException : Exception
{
    /// <summary>Creates the exception. Control characters in the message, as names of files may have them, become <c>?</c>.</summary>
    public DptException(FailureKind kind, string message, Exception? inner = null) : base(OneLine.Of(message), inner) => Kind = kind;

    /// <summary>What kind of failure this is.</summary>
    public FailureKind Kind { get; }
}
