namespace DPT.Engine.Autograd;

/// <summary>Factors on the peak learning rate; updates are counted from 0.</summary>
public static class LearningRateSchedule
{
    /// <summary>Linear from 0 to 1 over the warm-up, then constant (U-ViT: the first update has rate 0).</summary>
    public static double LinearWarmUp(int update, int warmUp) => warmUp <= 0 ? 1 : Math.Min((double)update / warmUp, 1);

    /// <summary>From 1 to <paramref name="final"/> along half a cosine.</summary>
    public static double Cosine(int update, int total, double final = 0) =>
        final + ((1 - final) * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(update, total) / Math.Max(1, total))));

    /// <summary>max(0, cos(7 pi update / (16 total))): FreeMatch's schedule; it ends at 0.195.</summary>
    public static double SevenSixteenthsCosine(int update, int total) =>
        Math.Max(0, Math.Cos(7 * Math.PI * update / (16.0 * Math.Max(1, total))));
}
