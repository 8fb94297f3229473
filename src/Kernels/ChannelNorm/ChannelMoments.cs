using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The mean of some numbers and the sum of the squares of their distances from it, joined from those of parts: only positive terms
/// are added, so nothing cancels whatever the mean. Each lane has numbers of its own, as many as every other.
/// Source: Chan, Golub and LeVeque, Updating formulae and a pairwise algorithm for computing sample variances (1979), 2.1.
/// </summary>
internal struct ChannelMoments<V> where V : struct, IReal<V>
{
    /// <summary>The mean.</summary>
    public V Mean;

    /// <summary>Sum of the squared distances from it.</summary>
    public V Squares;

    /// <summary>Joins other numbers.</summary>
    /// <param name="count">How many there are so far; none at first.</param>
    /// <param name="others">How many come.</param>
    /// <param name="mean">Their mean.</param>
    /// <param name="squares">The sum of their squared distances from it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Join(float count, float others, V mean, V squares)
    {
        var share = others / (count + others);
        var distance = mean - Mean;
        Mean = V.Fma(distance, V.Broadcast(share), Mean);
        Squares = V.Fma(distance * distance, V.Broadcast(count * share), Squares + squares);
    }
}
