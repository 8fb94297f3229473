using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>Addresses that say themselves which memory they mean.</summary>
internal sealed unsafe class GenericSpace(AddressSpace global, AddressSpace shared, AddressSpace local) : AddressSpace
{
    public override void Access(SimWarp warp, ulong* addresses, uint mask, int bytes, AccessKind kind)
    {
        uint inShared = 0, inLocal = 0;
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            switch (addresses[lane] >> 60)
            {
                case SharedWindow >> 60:
                    addresses[lane] -= SharedWindow;
                    inShared |= 1u << lane;
                    break;
                case LocalWindow >> 60:
                    addresses[lane] -= LocalWindow;
                    inLocal |= 1u << lane;
                    break;
            }
        }

        Part(global, mask & ~(inShared | inLocal));
        Part(shared, inShared);
        Part(local, inLocal);

        void Part(AddressSpace space, uint lanes)
        {
            if (lanes != 0)
            {
                space.Access(warp, addresses, lanes, bytes, kind);
            }
        }
    }
}
