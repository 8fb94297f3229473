namespace DPT.Engine.Kernels;

/// <summary>Carries out a <see cref="KernelSelection"/>: which variant serves a call, and why.</summary>
public static class VariantChoice
{
    /// <summary>The variant for this call on this device.</summary>
    /// <exception cref="KernelException">
    /// The chosen variant does not exist or does not support the call, or no variant does; the message gives every reason.
    /// </exception>
    public static KernelVariant<TCall> Resolve<TCall>(
        this KernelSelection selection, Operator<TCall> op, in TCall call, Device device) where TCall : struct, IKernelCall
    {
        if (ChoiceFor(selection, op, in call, device) is var (variant, origin))
        {
            return Fits(variant, in call, device, out var reason)
                ? variant
                : throw new KernelException(
                    $"variant '{op.IdOf(variant)}' (chosen by {origin}) cannot run {call.Shape}: {reason}");
        }

        foreach (var candidate in op.TypedInOrderOf(device.Kind))
        {
            // The kind first: a reason why not is a string, and every call would pay for those that nobody reads.
            if ((candidate.Targets & device.Kind) != 0 && FitsUnasked(candidate, in call, device, out _))
            {
                return candidate;
            }
        }

        throw new KernelException(selection.Explain(op, in call, device));
    }

    /// <summary>One line per variant: chosen, passed over, or the reason why it cannot run.</summary>
    public static string Explain<TCall>(
        this KernelSelection selection, Operator<TCall> op, in TCall call, Device device) where TCall : struct, IKernelCall
    {
        var lines = new List<string> { $"{op.Name} {call.Shape} on {device.Kind}:" };
        if (selection.Tuning is { Problem: { } problem } tuning)
        {
            lines.Add($"  tuning cache '{tuning.Path}' ignored: {problem}");
        }

        var choice = ChoiceFor(selection, op, in call, device);
        var taken = false;
        foreach (var variant in op.TypedVariants)
        {
            string? reason;
            var chosen = choice is var (named, _)
                ? Fits(variant, in call, device, out reason) && ReferenceEquals(named, variant)
                : FitsUnasked(variant, in call, device, out reason) && !taken;
            taken |= chosen;
            var origin = choice?.Origin ?? KernelSelection.Origin.Default;
            lines.Add($"  {variant.Name}: " + (chosen ? $"chosen by {origin}" : reason ?? "passed over"));
        }

        return string.Join(Environment.NewLine, lines);
    }

    private static (KernelVariant<TCall> Variant, KernelSelection.Origin Origin)? ChoiceFor<TCall>(
        KernelSelection selection, Operator<TCall> op, in TCall call, Device device) where TCall : struct, IKernelCall
    {
        if (selection.Named.Count > 0 && selection.Named.TryGetValue(op.Name, out var choice))
        {
            return ((KernelVariant<TCall>)op.Find(choice.Variant), choice.Origin);
        }

        // What was measured best, if it still exists and can run the call: nobody asked for it by name.
        return selection.Tuning is { IsEmpty: false } tuning
            && op.FindTyped(tuning.Find(device, op.Name, call.SampleShape)) is { } tuned
            && FitsUnasked(tuned, in call, device, out _)
            ? (tuned, KernelSelection.Origin.Tuned)
            : null;
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
        reason = variant.WhyNot(device);
        return reason is null && variant.Supports(in call, device, out reason);
    }
}
