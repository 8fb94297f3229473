namespace DPT.Engine.Ptx;

/// <summary>What an access does to memory.</summary>
internal enum AccessKind
{
    Load,
    Store,
    Atomic,
}

/// <summary>A kind of memory that instructions address.</summary>
internal abstract unsafe class AddressSpace
{
    /// <summary>Generic addresses of shared memory begin here: no host address does.</summary>
    public const ulong SharedWindow = 0x1000_0000_0000_0000;

    /// <summary>Generic addresses of local memory begin here.</summary>
    public const ulong LocalWindow = 0x2000_0000_0000_0000;

    /// <summary>Addresses of parameters begin here.</summary>
    public const ulong ParameterWindow = 0x3000_0000_0000_0000;

    /// <summary>
    /// Checks and counts an access, and replaces the addresses of the lanes in the mask by those of this machine.
    /// </summary>
    public abstract void Access(SimWarp warp, ulong* addresses, uint mask, int bytes, AccessKind kind);

    /// <summary>The kind as a verb.</summary>
    public static string Name(AccessKind kind) => kind switch
    {
        AccessKind.Load => "reads",
        AccessKind.Store => "writes",
        _ => "updates",
    };
}
