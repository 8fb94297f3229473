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

    private readonly Dictionary<string, Choice> _choices = [];
    private readonly TuningCache? _tuning;

    /// <summary>A selection with the defaults and, if given, what was measured.</summary>
    public KernelSelection(TuningCache? tuning = null) => _tuning = tuning;

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
    /// <exception cref="KernelException">It names an operator or a variant that does not exist.</exception>
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

    /// <summary>Adds choices <c>operator=variant[,operator=variant…]</c>. A stronger origin is never overruled.</summary>
    /// <exception cref="KernelException">The text is malformed or names what does not exist.</exception>
    public void Choose(string text, Origin origin)
    {
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
            if (pair.Length != 2)
            {
                throw new KernelException($"kernel choice '{part}' is not of the form operator=variant");
            }

            var op = KernelRegistry.Find(pair[0]);
            var variant = op.Find(pair[1]);
            if (!_choices.TryGetValue(op.Name, out var old) || origin <= old.Origin)
            {
                _choices[op.Name] = new Choice(variant, origin);
            }
        }
    }

    /// <summary>What differs from the defaults: variants asked for by name, and a tuning cache; empty if nothing does.</summary>
    public string Choices => string.Join(
        ',',
        [
            .. _choices.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key}={c.Value.Variant.Name}"),
            .. _tuning?.Fingerprint is { Length: > 0 } tuned ? [$"tuning cache {tuned}"] : Array.Empty<string>(),
        ]);

    /// <summary>The variant for this call on this device.</summary>
    /// <exception cref="KernelException">
    /// The chosen variant does not support the call, or no variant does; the message gives every reason.
    /// </exception>
    public KernelVariant<TCall> Resolve<TCall>(Operator<TCall> op, in TCall call, Device device)
        where TCall : struct, IKernelCall
    {
        if (ChoiceFor(op, in call, device) is { } choice)
        {
            var variant = (KernelVariant<TCall>)choice.Variant;
            return Fits(variant, in call, device, out var reason)
                ? variant
                : throw new KernelException(
                    $"variant '{op.IdOf(variant)}' (chosen by {choice.Origin}) cannot run {call.Shape}: {reason}");
        }

        foreach (var variant in op.TypedInOrderOf(device.Kind))
        {
            // The kind first: a reason why not is a string, and every call would pay for those that nobody reads.
            if ((variant.Targets & device.Kind) != 0 && FitsUnasked(variant, in call, device, out _))
            {
                return variant;
            }
        }

        throw new KernelException(Explain(op, in call, device));
    }

    /// <summary>
    /// For the record of a run: each operator's variant on this kind of device and why, as far as that does not depend on
    /// the shapes (a default may give way to the next variant for a shape that it does not support).
    /// </summary>
    public IReadOnlyDictionary<string, string> Describe(DeviceKind kind)
    {
        var lines = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var op in KernelRegistry.Operators)
        {
            if (_choices.TryGetValue(op.Name, out var choice))
            {
                lines[op.Name] = $"{choice.Variant.Name} ({choice.Origin})";
            }
            else if (op.DefaultOn(kind) is { } first)
            {
                lines[op.Name] = $"{first.Name} ({Origin.Default})";
            }
        }

        return lines;
    }

    /// <summary>One line per variant: chosen, passed over, or the reason why it cannot run.</summary>
    public string Explain<TCall>(Operator<TCall> op, in TCall call, Device device) where TCall : struct, IKernelCall
    {
        var lines = new List<string> { $"{op.Name} {call.Shape} on {device.Kind}:" };
        if (_tuning?.Problem is { } problem)
        {
            lines.Add($"  tuning cache '{_tuning.Path}' ignored: {problem}");
        }

        var choice = ChoiceFor(op, in call, device);
        var taken = false;
        foreach (var variant in op.TypedVariants)
        {
            string? reason;
            var chosen = choice is { } named
                ? Fits(variant, in call, device, out reason) && ReferenceEquals(named.Variant, variant)
                : FitsUnasked(variant, in call, device, out reason) && !taken;
            taken |= chosen;
            var origin = choice?.Origin ?? Origin.Default;
            lines.Add($"  {variant.Name}: " + (chosen ? $"chosen by {origin}" : reason ?? "passed over"));
        }

        return string.Join(Environment.NewLine, lines);
    }

    private Choice? ChoiceFor<TCall>(Operator<TCall> op, in TCall call, Device device) where TCall : struct, IKernelCall
    {
        if (_choices.Count > 0 && _choices.TryGetValue(op.Name, out var choice))
        {
            return choice;
        }

        return _tuning is null ? null : Tuned(_tuning, op, in call, device);
    }

    /// <summary>What was measured best, if it still exists and can run the call: nobody asked for it by name.</summary>
    private static Choice? Tuned<TCall>(TuningCache tuning, Operator<TCall> op, in TCall call, Device device)
        where TCall : struct, IKernelCall
    {
        var name = tuning.Find(device, op, in call);
        var variant = op.TypedVariants.FirstOrDefault(v => v.Name == name);
        return variant is not null && FitsUnasked(variant, in call, device, out _) ? new Choice(variant, Origin.Tuned) : null;
    }

    /// <summary>The rule for a variant that nobody asked for by name: it must not cost precision.</summary>
    private static bool FitsUnasked<TCall>(KernelVariant<TCall> variant, in TCall call, Device device, out string? reason)
        where TCall : struct, IKernelCall
    {
        if (variant.IsOnlyByName)
        {
            reason = $"adds an error of {variant.ExtraError:g3}, so it only runs where it is asked for by name";
            return false;
        }

        return Fits(variant, in call, device, out reason);
    }

    private static bool Fits<TCall>(KernelVariant<TCall> variant, in TCall call, Device device, out string? reason)
        where TCall : struct, IKernelCall
    {
        if ((variant.Targets & device.Kind) == 0)
        {
            reason = $"runs on {variant.Targets}, not on {device.Kind}";
            return false;
        }

        return variant.Supports(in call, device, out reason);
    }

    private readonly record struct Choice(KernelVariant Variant, Origin Origin);
}
