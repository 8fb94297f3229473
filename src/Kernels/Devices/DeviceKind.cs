namespace DPT.Engine.Kernels;

/// <summary>The places where a kernel can run. A variant may serve several of them.</summary>
[Flags]
public enum DeviceKind
{
    /// <summary>SIMD code on threads of this machine.</summary>
    Host = 1,

    /// <summary>An NVIDIA GPU through the CUDA driver.</summary>
    Cuda = 2,

    /// <summary>The PTX interpreter: the text that a GPU would load, executed anywhere.</summary>
    Sim = 4,
}
