namespace DPT.Engine.Ptx;

/// <summary>
/// What somebody knows of everybody's accesses: by agent, the moment up to which they are in his past, and the moment up to which a
/// <c>fence.proxy.async</c> lies behind them, so that tensor cores and bulk copies see them as well.
/// </summary>
/// <param name="agents">Warps, and what works for them in the background.</param>
/// <param name="hasFences">Whether anything works in the background.</param>
internal sealed class Knowledge(int agents, bool hasFences)
{
    /// <summary>In the past.</summary>
    public uint[] Past { get; } = new uint[agents];

    /// <summary>In the past of a fence that is in the past; empty where nothing works in the background.</summary>
    public uint[] Fenced { get; } = hasFences ? new uint[agents] : [];

    /// <summary>Nothing behind that moment is known.</summary>
    public void Reset(uint moment)
    {
        Array.Fill(Past, moment);
        Array.Fill(Fenced, moment);
    }

    /// <summary>Learns what another knows.</summary>
    public void Join(Knowledge other)
    {
        Join(Past, other.Past);
        Join(Fenced, other.Fenced);
    }

    /// <summary>Learns one thing.</summary>
    public void Learn(int agent, uint moment) => Past[agent] = Math.Max(Past[agent], moment);

    private static void Join(uint[] to, uint[] from)
    {
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = Math.Max(to[i], from[i]);
        }
    }
}
