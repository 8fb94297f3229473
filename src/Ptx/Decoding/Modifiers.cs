namespace DPT.Engine.Ptx;

/// <summary>The words of an opcode behind the first: whoever understands one takes it, and none may be left.</summary>
internal sealed class Modifiers(PtxInstruction instruction)
{
    private readonly List<string> _words = [.. instruction.Modifiers];

    /// <summary>Whether all were understood.</summary>
    public bool AreTaken => _words.Count == 0;

    /// <summary>Takes a word if it is there.</summary>
    public bool Take(string word) => _words.Remove(word);

    /// <summary>Takes the first of these words that is there; null if none is.</summary>
    public string? TakeOne(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (Take(word))
            {
                return word;
            }
        }

        return null;
    }

    /// <summary>Takes every word that changes nothing for the simulator.</summary>
    public Modifiers Ignore(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            Take(word);
        }

        return this;
    }

    /// <summary>Takes the last word; empty if there is none.</summary>
    public string TakeLast()
    {
        if (_words.Count == 0)
        {
            return "";
        }

        var last = _words[^1];
        _words.RemoveAt(_words.Count - 1);
        return last;
    }
}
