namespace DPT.Engine.Kernels;

/// <summary>
/// Which variants for GPUs have passed all their cases on a card: <c>proven-on-hardware.txt</c>, which grows with every board
/// that is committed. The simulator proves that a kernel is right as PTX says it; only a card shows that the driver's
/// compiler agrees.
/// </summary>
public static class HardwareProofs
{
    private const string Resource = "proven-on-hardware.txt";

    private static readonly Lazy<Dictionary<string, string>> Devices = new(Read);

    /// <summary>Identities of all variants that were proven on a card.</summary>
    public static IReadOnlyCollection<string> Ids => Devices.Value.Keys;

    /// <summary>The card that a variant was proven on, as its driver names it; null if it was on none.</summary>
    /// <param name="id">Operator and variant: <c>matmul/v3-register-tiles</c>.</param>
    public static string? DeviceOf(string id) => Devices.Value.GetValueOrDefault(id);

    /// <summary>Lines of an identity, white space and a device; lines that start with # are for people.</summary>
    private static Dictionary<string, string> Read()
    {
        using var stream = typeof(HardwareProofs).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"{Resource} is not in the assembly");
        using var reader = new StreamReader(stream);
        var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return lines.Where(l => !l.StartsWith('#')).Select(l => l.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries))
            .ToDictionary(parts => parts[0], parts => parts[1]);
    }
}
