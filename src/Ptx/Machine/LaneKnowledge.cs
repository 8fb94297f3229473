namespace DPT.Engine.Ptx;

/// <summary>What some lanes of a warp know and the others do not, until all of them meet.</summary>
internal sealed class LaneKnowledge(int agents)
{
    private readonly List<(uint Lanes, Knowledge Known)> _parts = [];
    private readonly Stack<Knowledge> _idle = new();

    /// <summary>Nobody knows more than the others.</summary>
    public void Clear()
    {
        foreach (var (_, known) in _parts)
        {
            _idle.Push(known);
        }

        _parts.Clear();
    }

    /// <summary>What exactly these lanes know.</summary>
    public Knowledge Of(uint lanes)
    {
        foreach (var part in _parts)
        {
            if (part.Lanes == lanes)
            {
                return part.Known;
            }
        }

        if (!_idle.TryPop(out var known))
        {
            known = new Knowledge(agents, hasFences: true);
        }

        known.Reset(0);
        _parts.Add((lanes, known));
        return known;
    }

    /// <summary>Accesses of an agent up to this moment are in the past of all of these lanes.</summary>
    public uint Past(uint lanes, int agent)
    {
        var past = 0u;
        foreach (var part in _parts)
        {
            past = (part.Lanes & lanes) == lanes ? Math.Max(past, part.Known.Past[agent]) : past;
        }

        return past;
    }

    /// <summary>Accesses of an agent up to this moment are behind a fence, for all of these lanes.</summary>
    public uint Fenced(uint lanes, int agent)
    {
        var past = 0u;
        foreach (var part in _parts)
        {
            past = (part.Lanes & lanes) == lanes ? Math.Max(past, part.Known.Fenced[agent]) : past;
        }

        return past;
    }

    /// <summary>Adds what all of these lanes know.</summary>
    public void CopyTo(uint lanes, Knowledge to)
    {
        foreach (var part in _parts)
        {
            if ((part.Lanes & lanes) == lanes)
            {
                to.Join(part.Known);
            }
        }
    }

    /// <summary>The lanes have met: from now on all know what some did. False if there was nothing.</summary>
    public bool TryTake(Knowledge all)
    {
        if (_parts.Count == 0)
        {
            return false;
        }

        foreach (var part in _parts)
        {
            all.Join(part.Known);
        }

        Clear();
        return true;
    }
}
