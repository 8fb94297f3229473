using System.Text.Json;

namespace DPT.Engine.Dpt.Tests;

public class MetricsTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Write_Numbers_AreJsonObjectsOnALineEach()
    {
        using (var writer = new MetricsWriter(FileName, new FixedClock()))
        {
            writer.Write("stage-1", 10, ("train/loss", 0.5), ("train/bad", double.NaN), ("train/worse", double.NegativeInfinity));
            Assert.That(ReadText(), Is.EqualTo(
                """{"step":10,"time":1700000000.25,"stage":"stage-1","train/loss":0.5,"train/bad":"NaN","train/worse":"-Infinity"}""" + "\n"),
                "a line must be in the file as soon as it is written");
            writer.WriteResumed("stage-1", 5);
        }

        var lines = File.ReadAllLines(FileName);
        Assert.That(lines, Has.Length.EqualTo(2));
        Assert.That(JsonDocument.Parse(lines[1]).RootElement.GetProperty("resumed").GetBoolean());
    }

    [Test]
    public void Read_AfterResume_LeavesOutWhatWasSuperseded()
    {
        using (var writer = new MetricsWriter(FileName))
        {
            writer.Write("a", 10, ("x", 1));
            writer.Write("a", 20, ("x", double.PositiveInfinity));
            writer.Write("b", 30, ("x", 3));
            writer.WriteResumed("a", 10);
            writer.Write("a", 20, ("x", 4));
        }

        var lines = MetricsReader.Read(FileName);
        Assert.That(lines.Select(line => (line.Stage, line.Step, line.Values["x"])), Is.EqualTo([("a", 10L, 1.0), ("b", 30, 3), ("a", 20, 4)]));
    }

    [Test]
    public void Open_LastLineCutByAKill_IsCutOff()
    {
        using (var writer = new MetricsWriter(FileName))
        {
            writer.Write("a", 10, ("x", 1));
            writer.Write("a", 20, ("x", 2));
        }

        var whole = File.ReadAllBytes(FileName);
        var firstEnd = Array.IndexOf(whole, (byte)'\n') + 1;
        for (var length = firstEnd; length < whole.Length; length++)
        {
            File.WriteAllBytes(FileName, whole[..length]);
            Assert.That(MetricsReader.Read(FileName), Has.Count.EqualTo(1));
            using (var writer = new MetricsWriter(FileName))
            {
                writer.Write("a", 30, ("x", 3));
            }

            Assert.That(MetricsReader.Read(FileName).Select(line => line.Step), Is.EqualTo([10L, 30]), $"{length} bytes");
        }
    }

    [TestCase("not json")]
    [TestCase("{}")]
    [TestCase("[1]")]
    [TestCase("""{"step":"x","stage":"a","time":1}""")]
    [TestCase("""{"step":1,"stage":"a","time":1,"x":"hello"}""")]
    [TestCase("""{"step":1,"stage":"a","time":1,"x":{}}""")]
    public void Read_DamagedLine_IsRefused(string line)
    {
        _folder.Write("metrics.jsonl", line + "\n");
        TestImages.Fails(FailureKind.Check, () => MetricsReader.Read(FileName), "line 1");
    }

    /// <summary>Nothing that a run writes is so long, and nobody reads it line by line.</summary>
    [Test]
    public void Read_FileThatIsFarTooLong_IsRefused()
    {
        _folder.Write("metrics.jsonl", "{}\n");
        using (var file = File.OpenWrite(FileName))
        {
            file.SetLength((256L << 20) + 1);
        }

        TestImages.Fails(FailureKind.Check, () => MetricsReader.Read(FileName), "it has 268435457 bytes, the limit is 268435456");
    }

    private string FileName => _folder["metrics.jsonl"];

    private string ReadText()
    {
        using var reader = new StreamReader(new FileStream(FileName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }

    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_250);
    }
}
