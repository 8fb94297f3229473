namespace DPT.Engine.Kernels;

/// <summary>
/// How an operator runs on a device: the call is checked, a variant is chosen, and it is launched, or kept as well where work is
/// being captured. Nothing else in the engine knows which kernels exist.
/// </summary>
public static class OperatorCalls
{
    /// <summary>Runs one operator call on the variant chosen for it. Calls run in the order they are made.</summary>
    /// <exception cref="KernelException">The call's shape is invalid, or no variant here supports it.</exception>
    public static void Run<TCall>(this Device device, Operator<TCall> op, in TCall call) where TCall : struct, IKernelCall
    {
        call.Validate();
        var variant = device.Selection.Resolve(op, in call, device.Chooser);
        if (device.IsCapturing)
        {
            device.RunCaptured(new CapturedCall<TCall>(op, variant, call));
        }
        else
        {
            Launch(device, op, variant, in call);
        }
    }

    /// <summary>Launches a call that was validated on a variant that supports it.</summary>
    internal static void Launch<TCall>(Device device, Operator<TCall> op, KernelVariant<TCall> variant, in TCall call)
        where TCall : struct, IKernelCall
    {
        device.Traffic.Launches++;
        if (device.OnlyCounts)
        {
            device.Count(op.Name, call.Flops, call.Bytes);
        }
        else if (device.Profile is { } profile)
        {
            Launch(device, op, variant, call, profile);
        }
        else
        {
            variant.Launch(device, in call);
        }
    }

    /// <summary>Apart, so that a launch without a profile allocates nothing.</summary>
    private static void Launch<TCall>(
        Device device, Operator<TCall> op, KernelVariant<TCall> variant, TCall call, OperatorProfile profile)
        where TCall : struct, IKernelCall =>
        profile.Time(
            device,
            op.IdOf(variant),
            new OperatorCost(call.Shape, call.Flops, call.Bytes),
            () => variant.Launch(device, in call));

    /// <summary>An operator call that was validated, and the variant chosen for it.</summary>
    private sealed class CapturedCall<TCall>(Operator<TCall> op, KernelVariant<TCall> variant, TCall call) : CapturedLaunch
        where TCall : struct, IKernelCall
    {
        public override void Run(Device device) => Launch(device, op, variant, in call);
    }
}
