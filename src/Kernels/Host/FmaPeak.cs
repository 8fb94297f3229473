using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The most that the processor can do: independent multiply-adds in registers on all threads. The clock of a virtual
/// machine is not known, so the ceiling is measured like everything else.
/// </summary>
internal static unsafe class FmaPeak
{
    /// <summary>Enough that waking the threads is nothing beside it, and that none does two threads' items.</summary>
    private const int Steps = 400_000;

    /// <summary>Does about a millisecond of multiply-adds on every thread and returns their number of operations.</summary>
    public static double Run(HostDevice device) => device.Width switch
    {
        SimdWidth.Vector512 => Run<Simd512>(device),
        SimdWidth.Vector256 => Run<Simd256>(device),
        _ => Run<SimdScalar>(device),
    };

    private static double Run<V>(HostDevice device) where V : struct, ISimd<V>
    {
        var job = default(Job<V>);
        device.Workers.For(device.Threads, ref job);
        return 2.0 * 12 * V.Count * Steps * device.Threads;
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        /// <summary>Twelve chains: two units that take four or five cycles want eight to ten under way.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        public readonly void Execute(int index)
        {
            V x = V.Broadcast(0.999f), y = V.Broadcast(0.001f);
            V a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
            for (var step = 0; step < Steps; step++)
            {
                a = V.Fma(a, x, y);
                b = V.Fma(b, x, y);
                c = V.Fma(c, x, y);
                d = V.Fma(d, x, y);
                e = V.Fma(e, x, y);
                f = V.Fma(f, x, y);
                g = V.Fma(g, x, y);
                h = V.Fma(h, x, y);
                i = V.Fma(i, x, y);
                j = V.Fma(j, x, y);
                k = V.Fma(k, x, y);
                l = V.Fma(l, x, y);
            }

            var sink = stackalloc float[V.Count];
            V.Store(sink, a + b + c + d + e + f + g + h + i + j + k + l);
            GC.KeepAlive(sink[0] < -1 ? this : null);
        }
    }
}
