namespace Fuzz;

/// <summary>
/// Looks for inputs that do harm, led by coverage: changes an input that is known, tries what comes of it, and keeps it to be
/// changed further if it reached something new. The same seed tries the same inputs.
/// </summary>
/// <param name="attempt">Tries an input and says what is wrong, null for nothing.</param>
/// <param name="seed">Of all draws.</param>
internal sealed class Campaign(Func<byte[], Fault?> attempt, int seed)
{
    private const int ShortestLimit = 4096;

    private readonly Random _random = new(seed);
    private readonly Coverage _coverage = new();
    private readonly List<(byte[] Input, int Tries)> _corpus = [];
    private readonly Dictionary<string, (byte[] Input, Fault Fault)> _findings = [];

    public long Executions { get; private set; }

    public int Edges => _coverage.Edges;

    public int Kept => _corpus.Count;

    /// <summary>What does harm, one input of each fault.</summary>
    public IReadOnlyCollection<(byte[] Input, Fault Fault)> Findings => _findings.Values;

    /// <summary>Tries the seeds, then what comes of them.</summary>
    /// <param name="seeds">Inputs to start from, one at least; the first is always kept.</param>
    /// <param name="isOver">Asked before each execution.</param>
    public void Run(IReadOnlyList<byte[]> seeds, Func<bool> isOver)
    {
        // What runs once in a process, as static constructors do, is news to nobody.
        attempt(seeds[0]);
        _corpus.Add((seeds[0], 0));
        var mutator = new Mutator(_random, Math.Max(ShortestLimit, 2 * seeds.Max(input => input.Length)));
        for (var i = 0; !isOver(); i++)
        {
            Try(i < seeds.Count ? seeds[i] : Next(mutator));
        }
    }

    /// <summary>A smaller input with the same fault: without its pieces, shorter and shorter ones.</summary>
    /// <param name="input">Does harm.</param>
    /// <param name="fault">The harm.</param>
    /// <param name="isOver">Asked before each attempt.</param>
    public byte[] Shrink(byte[] input, Fault fault, Func<bool> isOver)
    {
        for (var piece = input.Length / 2; piece > 0; piece /= 2)
        {
            for (var at = 0; at + piece <= input.Length && !isOver();)
            {
                byte[] less = [.. input[..at], .. input[(at + piece)..]];
                if (attempt(less)?.Key == fault.Key)
                {
                    input = less;
                }
                else
                {
                    at += piece;
                }
            }
        }

        return input;
    }

    private void Try(byte[] input)
    {
        Executions++;
        Coverage.Begin();
        var fault = attempt(input);
        if (_coverage.Learn())
        {
            _corpus.Add((input, 0));
        }

        if (fault is not null)
        {
            _findings.TryAdd(fault.Key, (input, fault));
        }
    }

    private byte[] Next(Mutator mutator)
    {
        var other = _corpus[_random.Next(_corpus.Count)].Input;
        return Wrapping.Change(Pick(), _random, content => mutator.Change(content, other));
    }

    /// <summary>Of two the one that was less often tried: what is new gets its turn.</summary>
    private byte[] Pick()
    {
        var (one, two) = (_random.Next(_corpus.Count), _random.Next(_corpus.Count));
        var chosen = _corpus[one].Tries <= _corpus[two].Tries ? one : two;
        _corpus[chosen] = (_corpus[chosen].Input, _corpus[chosen].Tries + 1);
        return _corpus[chosen].Input;
    }
}
