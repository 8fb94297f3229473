using System.Buffers.Binary;
using DPT.Engine.Dpt;
using Tensorboard;

namespace Differential.Tests;

/// <summary>Event files as TensorBoard's own messages read them: what counts is what <c>metrics.jsonl</c> says.</summary>
public sealed class EventFileTests
{
    private string _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("dpt-events-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Metrics_InTensorBoardsMessages_AreThoseOfTheLines()
    {
        using (var writer = Open())
        {
            writer.WriteResumed("stage-1", 0);
            writer.Write("stage-1", 10, ("train/loss", 0.5), ("gradient/norm", 0), ("bad", double.NaN));
            writer.WriteResumed("stage-2", 0);
            writer.Write("stage-2", 5, ("train/loss", 1e-3));
            Assert.That(Records("stage-1/events.out.tfevents.00001"), Has.Count.EqualTo(3), "a record must be in the file as soon as it is written");
        }

        var events = Records("stage-1/events.out.tfevents.00001");
        Assert.That(events[0].FileVersion, Is.EqualTo("brain.Event:2"));
        Assert.That((events[1].SessionLog.Status, events[1].Step), Is.EqualTo((SessionLog.Types.SessionStatus.Start, 1L)));
        Assert.That(events[2].Summary.Value.Select(v => (v.Tag, v.SimpleValue)), Is.EqualTo([("train/loss", 0.5f), ("gradient/norm", 0), ("bad", float.NaN)]));
        Assert.That(events[2].Summary.Value.Select(v => v.ValueCase), Has.All.EqualTo(Summary.Types.Value.ValueOneofCase.SimpleValue), "0 is a value");
        Assert.That(events.Select(e => e.Step), Is.EqualTo([0L, 1, 10]));
        var time = MetricsReader.Read(Path.Combine(_folder, "metrics.jsonl"))[0].Time;
        Assert.That(events[2].WallTime, Is.EqualTo(time));
        Assert.That(Records("stage-2/events.out.tfevents.00001")[2].Summary.Value.Single().SimpleValue, Is.EqualTo(1e-3f));
    }

    /// <summary>A killed session may have written half a record; the next one says from which step on it is superseded.</summary>
    [Test]
    public void NextSession_WritesAFileOfItsOwn_AndSaysWhatItSupersedes()
    {
        using (var writer = Open())
        {
            writer.Write("stage-1", 10, ("x", 1));
            writer.Write("stage-1", 20, ("x", 2));
        }

        var first = Path.Combine(_folder, "tb/stage-1/events.out.tfevents.00001");
        var torn = File.ReadAllBytes(first)[..^3];
        File.WriteAllBytes(first, torn);
        using (var writer = Open())
        {
            writer.WriteResumed("stage-1", 10);
            writer.Write("stage-1", 20, ("x", 3));
        }

        Assert.That(File.ReadAllBytes(first), Is.EqualTo(torn));
        var events = Records("stage-1/events.out.tfevents.00002");
        Assert.That(events[1], Is.EqualTo(new Event { WallTime = events[1].WallTime, Step = 11, SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start } }));
        Assert.That((events[2].Step, events[2].Summary.Value.Single().SimpleValue), Is.EqualTo((20L, 3f)));
    }

    private MetricsWriter Open() => new(Path.Combine(_folder, "metrics.jsonl"), events: Path.Combine(_folder, "tb"));

    /// <summary>The messages of a file of TensorFlow records, whose checksums must fit.</summary>
    private List<Event> Records(string name)
    {
        using var file = new FileStream(Path.Combine(_folder, "tb", name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        var events = new List<Event>();
        for (var at = 0; at < bytes.Length;)
        {
            var size = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
            RequireChecksum(bytes, at, sizeof(ulong));
            RequireChecksum(bytes, at + 12, size);
            events.Add(Event.Parser.ParseFrom(bytes, at + 12, size));
            at += 16 + size;
        }

        return events;
    }

    /// <summary>CRC-32C bit by bit (polynomial 0x1EDC6F41, reflected), masked as TFRecord's description has it.</summary>
    private static void RequireChecksum(byte[] bytes, int start, int length)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes.AsSpan(start, length))
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78);
            }
        }

        crc = ~crc;
        var masked = ((crc >> 15) | (crc << 17)) + 0xa282ead8;
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(start + length)), Is.EqualTo(masked));
    }
}
