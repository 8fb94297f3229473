namespace DPT.Engine.Kernels;

/// <summary>A product on the host from factors of any kind: panels that threads share are packed, work items done, split sums added.</summary>
internal static unsafe class PackedProduct
{
    /// <summary>Multiplies.</summary>
    /// <param name="device">The host.</param>
    /// <param name="call">Sizes, result, and what becomes of the sums; its factors are not looked at.</param>
    /// <param name="factors">The factors, [M,K] and [K,N].</param>
    public static void Run<V, TFactors, TLeft>(HostDevice device, in MatMulCall call, in TFactors factors)
        where V : struct, ISimd<V>
        where TFactors : struct, IGemmFactors<TLeft>
        where TLeft : struct, ILeftFactor
    {
        var job = new GemmJob<V, TFactors, TLeft>(in call, in factors, device.Threads);
        using var scratch = new Scratch<float>(device.Memory, job.Scratch.Floats);
        job.Use((float*)scratch.Slice.Address);
        var packing = new GemmPackingJob<V, TFactors, TLeft>(in job);
        device.Workers.For(packing.WorkItems, ref packing);
        device.Workers.For(job.WorkItems, ref job);
        var parts = new GemmPartsJob<V, TFactors, TLeft>(in job);
        device.Workers.For(parts.WorkItems, ref parts);
    }
}
