namespace DPT.Engine.Kernels;

/// <summary>How the numbers of a sinusoidal time embedding lie, and how their frequencies fall from 1.</summary>
public enum Sinusoids
{
    /// <summary>[cos(t f_i) | sin(t f_i)], f_i = 10000^(-i/half): U-ViT's.</summary>
    CosineFirst,

    /// <summary>[sin(t f_i) | cos(t f_i)], f_i = 10000^(-i/(half-1)), so that the last is 1/10000: that of EDM's SongUNet.</summary>
    SineFirst,
}
