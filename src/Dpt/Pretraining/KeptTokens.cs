using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// The tokens that a step leaves to its masked views: the class token and some of the patches, the same for the whole batch. Nothing takes
/// the place of the others (spec 2.1).
/// </summary>
/// <param name="patches">Patches of a view.</param>
/// <param name="drop">Share of them that is dropped, in [0, 1).</param>
internal sealed class KeptTokens(int patches, double drop)
{
    private readonly int[] _order = new int[1 + patches];

    /// <summary>Tokens that are kept: the class token, and of n patches those that make up a share of 1 - drop, rounded down.</summary>
    public int Count { get; } = 1 + (int)Math.Floor(patches * (1 - drop));

    /// <summary>Draws them.</summary>
    /// <param name="seed">Seed of the training.</param>
    /// <param name="step">The step, counted from 0.</param>
    /// <returns>[<see cref="Count"/>], the class token, 0, first; until the next draw.</returns>
    public ReadOnlySpan<int> Draw(ulong seed, long step)
    {
        for (var token = 0; token < _order.Length; token++)
        {
            _order[token] = token;
        }

        var random = new PhiloxStream(seed, RunStreams.PatchDrop, step);
        for (var i = 1; i < Count; i++)
        {
            var j = i + random.NextInt(_order.Length - i);
            (_order[i], _order[j]) = (_order[j], _order[i]);
        }

        return _order.AsSpan(0, Count);
    }

    /// <summary>The tokens that are kept: [B, L, D] to [B, K, D].</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="tokens">All of them.</param>
    /// <param name="kept">Which, [K], on the device.</param>
    public static Tensor Of(Tape tape, Tensor tokens, Slice<int> kept) =>
        tape.Transpose(tape.Gather(tape.Transpose(tokens, 0, 1), kept), 0, 1);
}
