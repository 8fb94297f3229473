namespace DPT.Engine.Kernels;

/// <summary>The two lists, then row after row.</summary>
internal sealed unsafe class RegMixMatchPairsHostV1Rows : HostVariant<RegMixMatchPairsCall>
{
    public override string Name => "host-v1-rows";

    public override string Idea => "two lists of those that take part, then row after row";

    protected override void Run<V>(HostDevice device, in RegMixMatchPairsCall call)
    {
        using var scratch = device.Scratch<int>(2L * call.Rows);
        int* first = (int*)scratch.Slice.Address, second = first + call.Rows;
        int* order = (int*)call.Order.Address, labels = (int*)call.Labels.Address;
        var (pairs, others) = (0, 0);
        for (var row = 0; row < call.Rows; row++)
        {
            Add(row, first, ref pairs, in call);
            Add(order[row], second, ref others, in call);
        }

        var share = *(float*)call.Share.Address;
        var previous = -1;
        for (var row = 0; row < call.Rows; row++)
        {
            var pair = (int)((long)row * pairs / call.Rows);
            var (own, pasted) = pairs == 0 ? (row, row) : (first[pair], second[pair]);
            (((int*)call.Own.Address)[row], ((int*)call.Pasted.Address)[row]) = (own, pasted);
            ((float*)call.Weights.Address)[row] = pairs > 0 && pair != previous ? call.Weight : 0;
            previous = pair;

            var targets = (float*)call.Targets.Address + ((long)row * call.Classes);
            new Span<float>(targets, call.Classes).Clear();
            targets[labels[own]] += 1 - share;
            targets[labels[pasted]] += share;
        }
    }

    private static void Add(int image, int* list, ref int count, in RegMixMatchPairsCall call)
    {
        if (((float*)call.TakesPart.Address)[image] > 0)
        {
            list[count++] = image;
        }
    }
}
