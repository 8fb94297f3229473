using System.Diagnostics;
using DPT.Engine.Dpt.Tests;

namespace Fuzz;

/// <summary>A reader with its set in a folder, whose one file is changed.</summary>
internal sealed class ReaderTarget : IDisposable
{
    private const long MostMemory = 300_000_000;
    private const long LongestSeed = 1 << 20;

    private static readonly TimeSpan _mostWork = TimeSpan.FromSeconds(2);

    private readonly HostileReader _reader;
    private readonly TemporaryFolder _folder = new();
    private readonly string[] _listing;

    /// <summary>Writes the set.</summary>
    public ReaderTarget(HostileReader reader)
    {
        _reader = reader;
        reader.Make(_folder);
        _listing = Listing();
        Seeds = [File.ReadAllBytes(Changed), .. reader.Variants, .. Forgeries()];
    }

    /// <summary>The true file of the set, other true files, and those that lie.</summary>
    public IReadOnlyList<byte[]> Seeds { get; }

    private string Changed => _folder[_reader.File];

    /// <summary>What a process that died tried last.</summary>
    /// <param name="place">The temporary folder of that process alone.</param>
    /// <param name="reader">What it tried.</param>
    public static byte[] LastInput(DirectoryInfo place, string reader)
    {
        var file = HostileReader.All.Single(r => r.Name == reader).File;
        return place.GetDirectories().Select(set => Path.Combine(set.FullName, file)).Where(File.Exists).Select(File.ReadAllBytes).Single();
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Has it read an input. That the input lies in the file is what is left of a process that dies of it.</summary>
    public Fault? Try(byte[] input)
    {
        File.WriteAllBytes(Changed, input);
        var (memory, clock, work) = (GC.GetTotalAllocatedBytes(), Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        Exception? refused = null;
        try
        {
            _reader.Read(_folder);
        }
        catch (Exception error)
        {
            refused = error;
        }

        if (refused is not null && _reader.FaultOf(refused, set: _folder.Path) is { } wrong)
        {
            return new Fault($"{refused.GetType().Name} in {PlaceOf(refused)} {wrong}", $"{wrong}:\n{refused}");
        }

        if (GC.GetTotalAllocatedBytes() - memory is > MostMemory and var taken)
        {
            return new Fault("memory", $"takes {taken / 1_000_000} MB; it says: {refused?.ToString() ?? "nothing"}");
        }

        // Of one processor: other programs do not count.
        if (clock.Elapsed > _mostWork && Environment.CpuUsage.TotalTime - work > _mostWork)
        {
            return new Fault("time", $"takes {clock.Elapsed.TotalSeconds:F1} s; it says: {refused?.ToString() ?? "nothing"}");
        }

        return Listing().SequenceEqual(_listing) ? null : new Fault("writes", $"writes files: {string.Join(", ", Listing().Except(_listing))}");
    }

    /// <summary>What <see cref="HostileFileTests"/> forges for this reader, as far as it is made of bytes and not of length.</summary>
    private IEnumerable<byte[]> Forgeries()
    {
        var whole = File.ReadAllBytes(Changed);
        foreach (var (_, _, damage) in HostileFileTests.Forged.Where(forged => forged.Reader.Name == _reader.Name))
        {
            File.WriteAllBytes(Changed, whole);
            damage(Changed);
            if (new FileInfo(Changed).Length <= LongestSeed)
            {
                yield return File.ReadAllBytes(Changed);
            }
        }
    }

    /// <summary>The innermost method of ours.</summary>
    private static string PlaceOf(Exception error) => new StackTrace(error).GetFrames()
        .Select(frame => frame.GetMethod())
        .FirstOrDefault(method => method?.DeclaringType?.Namespace is "DPT.Engine.Dpt" or "DPT.Engine.Autograd") is { } method
            ? $"{method.DeclaringType!.Name}.{method.Name}"
            : "nothing of ours";

    private string[] Listing() => [.. Directory.EnumerateFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
