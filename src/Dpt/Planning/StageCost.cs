using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// What a piece of a run takes at least, counted call by call on networks and batches of the run without computing any. Beside them are reading,
/// an autoencoder's work on images, and features that ONNX Runtime computes.
/// </summary>
/// <param name="Work">Its name, as progress reports it.</param>
/// <param name="Operations">Floating-point operations that the mathematics needs.</param>
/// <param name="Seconds">
/// The time in which the device does them where every call reaches its peaks, as measured now; null of a simulator, which has no speed.
/// </param>
public sealed record StageCost(string Work, double Operations, double? Seconds)
{
    /// <summary>Counts the pieces of a run in their order. It takes a second or two, of large networks some gigabytes for their masks.</summary>
    /// <param name="plan">The run.</param>
    /// <param name="device">Where it will compute.</param>
    /// <exception cref="KernelException">No variant there can run a call of the networks.</exception>
    public static IReadOnlyList<StageCost> Of(DptPlan plan, Device device)
    {
        DevicePeaks? peaks = device.Kind == DeviceKind.Sim ? null : DevicePeaks.Measure(device);
        using var counting = new CountingDevice(device, peaks);
        var operations = StageEstimate.Pieces(plan, RateMeter.Count(plan, counting, () => counting.Operations));
        var seconds = peaks is null ? null : StageEstimate.Pieces(plan, RateMeter.Count(plan, counting, () => counting.Seconds));
        return [.. operations.Select((piece, i) => new StageCost(piece.Work, piece.Cost, seconds?[i].Cost))];
    }
}
