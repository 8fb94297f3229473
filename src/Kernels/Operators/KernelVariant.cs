using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>One way to compute an operator. Versions are never renumbered and never removed while they teach.</summary>
public abstract class KernelVariant
{
    /// <summary>Identity below the operator: <c>host-v2-packed</c>, <c>v3-online-softmax</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The idea in one line, as <c>dpt kernels list</c> prints it.</summary>
    public abstract string Idea { get; }

    /// <summary>The kinds of device that it runs on.</summary>
    public abstract DeviceKind Targets { get; }

    /// <summary>
    /// Error beyond the roundings of fp32, relative to the size of the result: what a variant costs that works in a
    /// smaller precision than its call. 0 for all others.
    /// </summary>
    public virtual double ExtraError => 0;

    /// <summary>The largest share of itself that an input is off by before anything is computed: 2^-24 for floats.</summary>
    public virtual double InputRoundoff => Tolerance.UnitRoundoff;

    /// <summary>Why it runs on no device like this one, whatever the call; null if it may.</summary>
    public virtual string? WhyNot(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return (Targets & device.Kind) != 0 ? null : $"runs on {Targets}, not on {device.Kind}";
    }

    /// <summary>Whether it only runs where it is asked for by name: nobody gets less precision by default or by tuning.</summary>
    public bool IsOnlyByName => ExtraError > 0;
}

/// <summary>A variant with the call that it understands.</summary>
/// <typeparam name="TCall">The operator's call.</typeparam>
public abstract class KernelVariant<TCall> : KernelVariant where TCall : struct, IKernelCall
{
    /// <summary>Whether this variant can run the call on the device; if not, the limit that stands against it.</summary>
    public virtual bool Supports(in TCall call, Device device, [NotNullWhen(false)] out string? reason)
    {
        reason = null;
        return true;
    }

    /// <summary>Runs a call that was validated and is supported. Allocates nothing in a steady state.</summary>
    public abstract void Launch(Device device, in TCall call);
}
