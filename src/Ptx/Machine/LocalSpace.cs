using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>Memory of one thread alone.</summary>
internal sealed unsafe class LocalSpace(int bytesPerThread) : AddressSpace
{
    public override void Access(SimWarp warp, ulong* addresses, uint mask, int bytes, AccessKind kind)
    {
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            var at = addresses[lane];
            if (at > (ulong)(bytesPerThread - bytes) || bytes > bytesPerThread || at % (ulong)bytes != 0)
            {
                throw new SimFault(
                    $"{Name(kind)} {bytes} bytes at {at} of its {bytesPerThread} bytes of local memory", lane);
            }

            addresses[lane] = (ulong)(warp.Local + (lane * bytesPerThread) + (int)at);
        }
    }
}
