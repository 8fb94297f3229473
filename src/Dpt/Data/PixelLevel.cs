namespace DPT.Engine.Dpt;

/// <summary>Numbers of -1..1 as pixels.</summary>
internal static class PixelLevel
{
    /// <summary>The nearest of 0 to 255, as U-ViT's code rounds; what lies beyond is cut off.</summary>
    public static byte Of(float value) => (byte)((255 * Math.Clamp((value + 1) / 2, 0, 1)) + 0.5f);
}
