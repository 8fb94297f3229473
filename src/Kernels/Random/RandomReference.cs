namespace DPT.Engine.Kernels;

/// <summary>Random numbers by the definition: one counter at a time, Box-Muller in double precision.</summary>
internal static class RandomReference
{
    public static void Fill(in RandomCall call, double[] output)
    {
        for (var n = 0; n < call.Samples; n++)
        {
            for (var i = 0; i < call.Elements; i++)
            {
                var block = Philox.Block(call.Seed, call.Stream, call.FirstSample + n, (uint)i / 4);
                output[(n * call.Elements) + i] = call.Distribution == RandomDistribution.Uniform
                    ? (block[i] >> 8) * Math.Pow(2, -24)
                    : Normal(block[i & 2], block[(i & 2) + 1], i % 2 == 1);
            }
        }
    }

    private static double Normal(uint first, uint second, bool sine)
    {
        var radius = Math.Sqrt(-2 * Math.Log((float)((double)(float)first * Math.Pow(2, -32) + Math.Pow(2, -33))));
        var turn = 2 * Math.PI * (second >> 8) * Math.Pow(2, -24);
        return radius * (sine ? Math.Sin(turn) : Math.Cos(turn));
    }
}
