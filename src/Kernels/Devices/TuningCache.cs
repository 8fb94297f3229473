using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DPT.Engine.Kernels;

/// <summary>
/// Which variant was measured best, by processor, engine version, operator and shape class: a JSON file of the user's.
/// It is advice. A file that is damaged, or not ours, is ignored with a reason, and so is a variant that no longer
/// exists or that cannot run the call.
/// </summary>
/// <remarks>
/// Variants round differently, so what must not change a sample's bits is no part of a key: neither the number of samples
/// nor that of threads.
/// </remarks>
public sealed partial class TuningCache
{
    /// <summary>Environment variable with the path of the file.</summary>
    public const string Variable = "DPT_TUNING_CACHE";

    private const int Schema = 1;
    private const long MaxBytes = 16 << 20;

    private static readonly JsonSerializerOptions Format =
        new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    private readonly Dictionary<Key, string> _variants = [];

    private TuningCache(string path) => Path = path;

    /// <summary>Where the file is, or will be.</summary>
    public string Path { get; }

    /// <summary>A few letters that differ between caches of different content; empty for one without entries.</summary>
    public string Fingerprint => _variants.Count == 0
        ? ""
        : Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
            _variants.Select(p => $"{p.Key}: {p.Value}").Order(StringComparer.Ordinal))))[..8];

    /// <summary>Why the file's content is ignored; null if it is not.</summary>
    public string? Problem { get; private set; }

    /// <summary>
    /// The path in <see cref="Variable"/>, or one in the user's local application data; null for a user who has no such
    /// folder: the current one is not ours to write to.
    /// </summary>
    public static string? DefaultPath()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path)
        {
            return path;
        }

        var data = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        return System.IO.Path.IsPathFullyQualified(data) ? System.IO.Path.Combine(data, "dpt-engine", "tuning.json") : null;
    }

    /// <summary>
    /// Reads the file if there is one. Never throws for what the file holds: see <see cref="Problem"/>.
    /// </summary>
    public static TuningCache Open(string path)
    {
        var cache = new TuningCache(path);
        if (!File.Exists(path))
        {
            return cache;
        }

        try
        {
            cache.Read();
        }
        catch (Exception failure) when (failure is JsonException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            cache.Problem = failure.Message;
            cache._variants.Clear();
        }

        return cache;
    }

    /// <summary>Whether nothing was measured.</summary>
    public bool IsEmpty => _variants.Count == 0;

    /// <summary>The best variant's name for calls like this one; null if that was never measured.</summary>
    /// <param name="device">Where it runs.</param>
    /// <param name="op">Name of the operator.</param>
    /// <param name="sampleShape">The call's <see cref="IKernelCall.SampleShape"/>.</param>
    public string? Find(Device device, string op, string sampleShape) =>
        _variants.GetValueOrDefault(KeyOf(device, op, sampleShape));

    /// <summary>Notes the best variant for calls like this one.</summary>
    /// <param name="device">Where it runs.</param>
    /// <param name="op">Name of the operator.</param>
    /// <param name="sampleShape">The call's <see cref="IKernelCall.SampleShape"/>.</param>
    /// <param name="best">Name of the variant.</param>
    public void Set(Device device, string op, string sampleShape, string best) =>
        _variants[KeyOf(device, op, sampleShape)] = best;

    /// <summary>Throws if what is at <see cref="Path"/> must not be overwritten.</summary>
    /// <exception cref="KernelException">The file there is not a tuning cache.</exception>
    public void RequireUsable()
    {
        if (Problem is not null)
        {
            throw new KernelException(
                $"'{Path}' is not a usable tuning cache ({Problem}); delete it, or name another in {Variable}");
        }
    }

    /// <summary>Writes the file: whole, or not at all.</summary>
    /// <exception cref="KernelException">The file there is not a tuning cache; it is left alone.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save()
    {
        RequireUsable();
        var entries = _variants
            .Select(p => new Entry(p.Key.Device, p.Key.Engine, p.Key.Operator, p.Key.Shape, p.Value))
            .OrderBy(e => (e.Device, e.Engine, e.Operator, e.Shape));
        var content = JsonSerializer.SerializeToUtf8Bytes(new Content(Schema, [.. entries]), Format);
        var full = System.IO.Path.GetFullPath(Path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
        var aside = $"{full}.{Guid.NewGuid():n}.tmp";
        try
        {
            using (var stream = new FileStream(aside, FileMode.CreateNew))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(aside, full, overwrite: true);
        }
        finally
        {
            File.Delete(aside);
        }
    }

    /// <summary>
    /// A shape with every number rounded up to a power of two: <c>N=384 K=96 NT</c> is of the class
    /// <c>N=512 K=128 NT</c>. Shapes of a class share their best variant.
    /// </summary>
    internal static string ShapeClass(string shape) =>
        Number().Replace(shape, n => BitOperations.RoundUpToPowerOf2(ulong.Parse(n.ValueSpan)).ToString());

    private static Key KeyOf(Device device, string op, string sampleShape) =>
        new(device.Arithmetic, EngineVersion, op, ShapeClass(sampleShape));

    private static string EngineVersion { get; } = typeof(TuningCache).Assembly.GetName().Version!.ToString(3);

    private void Read()
    {
        using var stream = RegularFile.OpenRead(Path, MaxBytes);
        var content = JsonSerializer.Deserialize<Content>(stream, Format);
        if (content is not { Schema: Schema, Entries: { } entries })
        {
            throw new JsonException($"no tuning cache of schema {Schema}");
        }

        foreach (var entry in entries)
        {
            if (entry is not { Device: { } device, Engine: { } engine, Operator: { } op, Shape: { } shape, Variant: { } variant })
            {
                throw new JsonException("an entry lacks a part of its key or its variant");
            }

            _variants[new Key(device, engine, op, shape)] = variant;
        }
    }

    [GeneratedRegex("[0-9]{1,18}")]
    private static partial Regex Number();

    private readonly record struct Key(string Device, string Engine, string Operator, string Shape);

    private sealed record Entry(string? Device, string? Engine, string? Operator, string? Shape, string? Variant);

    private sealed record Content(int Schema, IReadOnlyList<Entry?>? Entries);
}
