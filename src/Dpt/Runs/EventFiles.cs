using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using DPT.Engine.Dpt.Messages;
using Google.Protobuf;

namespace DPT.Engine.Dpt;

/// <summary>
/// Numbers over time for TensorBoard, beside <c>metrics.jsonl</c>: a folder for each stage, so that stage 3 and its control share the
/// charts of their numbers, and in it a file for each session, <c>events.out.tfevents.00001</c>. Files only grow, so they can be watched
/// while a run goes on; what a later session supersedes, it says at its start.
/// </summary>
internal sealed class EventFiles(string folder) : IDisposable
{
    private const string Prefix = "events.out.tfevents.";
    private const string Version = "brain.Event:2";

    private readonly Dictionary<string, FileStream> _files = [];

    /// <summary>Notes that a stage goes on from a step: what was written beyond it no longer counts.</summary>
    public void WriteResumed(string stage, long step, double time) => Append(
        stage,
        new Event { WallTime = time, Step = step + 1, SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start } });

    /// <summary>Appends numbers, under the names that they have in <c>metrics.jsonl</c>.</summary>
    public void Write(string stage, long step, double time, ReadOnlySpan<(string Name, double Value)> values)
    {
        var summary = new Summary();
        foreach (var (name, value) in values)
        {
            summary.Value.Add(new Summary.Types.Value { Tag = name, SimpleValue = (float)value });
        }

        Append(stage, new Event { WallTime = time, Step = step, Summary = summary });
    }

    public void Dispose()
    {
        foreach (var file in _files.Values)
        {
            file.Dispose();
        }
    }

    private void Append(string stage, Event entry)
    {
        if (!_files.TryGetValue(stage, out var file))
        {
            file = _files[stage] = OpenNext(Path.Combine(folder, stage));
            Append(file, new Event { WallTime = entry.WallTime, FileVersion = Version });
        }

        Append(file, entry);
        file.Flush();
    }

    /// <summary>What an earlier session left, perhaps with half a record at its end, stays as it is.</summary>
    private static FileStream OpenNext(string folder)
    {
        Directory.CreateDirectory(folder);
        var next = 1 + Directory.EnumerateFiles(folder, Prefix + "*")
            .Select(path => Path.GetFileName(path)[Prefix.Length..])
            .Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .Append(0)
            .Max();
        return new FileStream(
            Path.Combine(folder, Prefix + next.ToString("D5", CultureInfo.InvariantCulture)), FileMode.CreateNew, FileAccess.Write, FileShare.Read);
    }

    /// <summary>A record of TensorFlow: length, its checksum, message, its checksum; in one write, so that readers see whole ones.</summary>
    private static void Append(FileStream file, Event entry)
    {
        const int Head = sizeof(ulong) + sizeof(uint), Tail = sizeof(uint);
        var size = entry.CalculateSize();
        var record = new byte[Head + size + Tail];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)size);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(sizeof(ulong)), Checksum(record.AsSpan(0, sizeof(ulong))));
        entry.WriteTo(record.AsSpan(Head, size));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(Head + size), Checksum(record.AsSpan(Head, size)));
        file.Write(record);
    }

    /// <summary>CRC-32C, turned by 15 bits and moved: that of a record that holds checksums itself would else be weak.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }
}
