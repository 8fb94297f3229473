namespace DPT.Engine.Kernels;

/// <summary>The forward diffusion process: variants, best first, and the cases that prove them.</summary>
public static class DiffusionOperators
{
    /// <summary>Adds noise to a batch.</summary>
    public static Operator<NoisingCall> Noising { get; } =
        new("noising", NoisingCases, new NoisingHostV1Simd(), new NoisingV1Elements());

    private static IEnumerable<KernelCase> NoisingCases()
    {
        foreach (var (batch, elements) in CaseSizes.Matrices)
        {
            yield return NoisingCase(batch, elements, velocity: true);
        }

        yield return NoisingCase(5, 17, velocity: false);
        yield return NoisingCase(13, 3 * 32 * 32, velocity: true);
        yield return NoisingCase(2, HostElementwise.Chunk + 1, velocity: false);
        yield return NoisingCase(3, 20, velocity: true, FillPattern.Large);
        yield return NoisingCase(3, 20, velocity: true, FillPattern.Tiny);
    }

    private static KernelCase<NoisingCall> NoisingCase(
        int batch, int elements, bool velocity, FillPattern fill = FillPattern.Normal)
    {
        var operands = new List<Operand>
        {
            Operand.In("clean", batch * elements, fill),
            Operand.In("noise", batch * elements),
            Operand.In("alpha", batch, FillPattern.Unit),
            Operand.In("sigma", batch, FillPattern.Unit),
            Operand.Out("noised", batch * elements),
        };
        if (velocity)
        {
            operands.Add(Operand.Out("velocity", batch * elements));
        }

        return new(
            $"B={batch} elements={elements} {fill}{(velocity ? " velocity" : "")}",
            operands,
            m => new NoisingCall
            {
                Batch = batch,
                Elements = elements,
                Clean = m["clean"],
                Noise = m["noise"],
                Alpha = m["alpha"],
                Sigma = m["sigma"],
                Noised = m["noised"],
                Velocity = velocity ? m["velocity"] : default,
            },
            v => DiffusionReference.Noising(
                batch, elements, v["clean"], v["noise"], v["alpha"], v["sigma"],
                v["noised"], velocity ? v["velocity"] : null));
    }
}
