namespace DPT.Engine.Kernels;

/// <summary>
/// Which variant serves an operator call, and why: a flag beats the environment, which beats the tuning cache,
/// which beats the default (the first registered variant that supports the call; on a card, the first that was proven on
/// one, if there is any).
/// </summary>
public sealed class KernelSelection
{
    /// <summary>Environment variable with choices like <c>matmul=host-v1-naive,attention.forward=v3-online-softmax</c>.</summary>
    public const string Variable = "DPT_KERNELS";

    private readonly SortedDictionary<string, KernelChoice> _named = new(StringComparer.Ordinal);

    /// <summary>A selection with the defaults and, if given, what was measured.</summary>
    public KernelSelection(TuningCache? tuning = null) => Tuning = tuning;

    /// <summary>Where a choice came from, strongest first.</summary>
    public enum Origin
    {
        /// <summary>Given on the command line.</summary>
        Flag,

        /// <summary>Given in <see cref="Variable"/>.</summary>
        Environment,

        /// <summary>Measured best on this device.</summary>
        Tuned,

        /// <summary>The first variant that supports the call.</summary>
        Default,
    }

    /// <summary>
    /// The selection that <see cref="Variable"/> asks for, with the tuning cache if the user has one.
    /// </summary>
    /// <exception cref="KernelException">The text is malformed.</exception>
    public static KernelSelection FromEnvironment()
    {
        var cache = TuningCache.DefaultPath();
        var selection = new KernelSelection(cache is not null && File.Exists(cache) ? TuningCache.Open(cache) : null);
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text)
        {
            selection.Choose(text, Origin.Environment);
        }

        return selection;
    }

    /// <summary>
    /// Adds choices <c>operator=variant[,operator=variant…]</c>. A stronger origin is never overruled. Whether the names exist
    /// is checked by <see cref="KernelRegistry.RequireKnown"/>, and when the operator first runs.
    /// </summary>
    /// <exception cref="KernelException">The text is malformed.</exception>
    public void Choose(string text, Origin origin)
    {
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
            if (pair.Length != 2)
            {
                throw new KernelException($"kernel choice '{part}' is not of the form operator=variant");
            }

            if (!_named.TryGetValue(pair[0], out var old) || origin <= old.Origin)
            {
                _named[pair[0]] = new KernelChoice(pair[1], origin);
            }
        }
    }

    /// <summary>The choices by name of the operator.</summary>
    public IReadOnlyDictionary<string, KernelChoice> Named => _named;

    /// <summary>What was measured; null if the user has nothing.</summary>
    public TuningCache? Tuning { get; }

    /// <summary>What differs from the defaults: variants asked for by name, and a tuning cache; empty if nothing does.</summary>
    public string Choices => string.Join(
        ',',
        [
            .. _named.Select(c => $"{c.Key}={c.Value.Variant}"),
            .. Tuning?.Fingerprint is { Length: > 0 } tuned ? [$"tuning cache {tuned}"] : Array.Empty<string>(),
        ]);
}

/// <summary>A variant that was asked for by name.</summary>
/// <param name="Variant">Its name.</param>
/// <param name="Origin">Who asked.</param>
public readonly record struct KernelChoice(string Variant, KernelSelection.Origin Origin);
