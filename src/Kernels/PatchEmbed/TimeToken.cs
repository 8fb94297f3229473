namespace DPT.Engine.Kernels;

/// <summary>
/// The sinusoidal time token [cos(t f_i) | sin(t f_i)], f_i = 10000^(-i/half); an odd width ends in a zero. Angles
/// reach 999 radians, where a float has lost four digits, so they are formed in double precision.
/// </summary>
internal static unsafe class TimeToken
{
    /// <summary>Writes f_0 .. f_(half-1).</summary>
    public static void FillFrequencies(double* frequencies, int half)
    {
        for (var i = 0; i < half; i++)
        {
            frequencies[i] = Math.Exp(-Math.Log(10000) * i / half);
        }
    }

    /// <summary>Writes the token of <paramref name="time"/>.</summary>
    public static void Write(float time, double* frequencies, int width, float* token)
    {
        var half = width / 2;
        for (var i = 0; i < half; i++)
        {
            var (sine, cosine) = Math.SinCos(time * frequencies[i]);
            token[i] = (float)cosine;
            token[half + i] = (float)sine;
        }

        if (width % 2 == 1)
        {
            token[width - 1] = 0;
        }
    }
}
