namespace DPT.Engine.Kernels;

/// <summary>What happens to a sum of products before it is stored.</summary>
public enum Activation
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>x Phi(x) with the exact error function.</summary>
    Gelu,

    /// <summary>x / (1 + e^-x).</summary>
    Silu,
}
