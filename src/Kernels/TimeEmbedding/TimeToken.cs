namespace DPT.Engine.Kernels;

/// <summary>
/// The sines and cosines of t f_i, f_i = 10000^(-i/steps). Angles reach 999 radians, where a float has lost four digits, so they are
/// formed in double precision.
/// </summary>
internal static unsafe class TimeToken
{
    /// <summary>Writes f_0 .. f_(half-1).</summary>
    public static void FillFrequencies(double* frequencies, int half, int steps)
    {
        for (var i = 0; i < half; i++)
        {
            frequencies[i] = Math.Exp(-Math.Log(10000) * i / steps);
        }
    }

    /// <summary>Writes the sines and cosines of <paramref name="time"/>, half numbers each.</summary>
    public static void Write(float time, double* frequencies, int half, float* sines, float* cosines)
    {
        for (var i = 0; i < half; i++)
        {
            var (sine, cosine) = Math.SinCos(time * frequencies[i]);
            sines[i] = (float)sine;
            cosines[i] = (float)cosine;
        }
    }
}
