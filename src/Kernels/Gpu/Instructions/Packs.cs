namespace DPT.Engine.Kernels;

/// <summary>Four floats that move in one instruction: 16 bytes, aligned to 16.</summary>
internal struct Float4
{
    public float X;
    public float Y;
    public float Z;
    public float W;
}

/// <summary>Two 32-bit words in registers: a fragment of a matrix, or a pair of packed halves.</summary>
internal struct UInt2
{
    public uint X;
    public uint Y;
}

/// <summary>Four 32-bit words in registers, 16 bytes in memory.</summary>
internal struct UInt4
{
    public uint X;
    public uint Y;
    public uint Z;
    public uint W;
}
