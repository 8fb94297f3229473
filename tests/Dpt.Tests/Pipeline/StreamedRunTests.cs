namespace DPT.Engine.Dpt.Tests;

/// <summary>Where a set has no room in memory, a run on it comes to the same weights, images and labels, with less memory of the device.</summary>
public sealed class StreamedRunTests
{
    [Test]
    public void Run_OnImagesInAFile_EndsAsOneOnImagesInMemory()
    {
        using var folder = new TemporaryFolder();
        ImageFolder.Save(DatasetCatalog.Load(TinyOptions.Run.Data, seed: 3).Train, folder["images"]);
        var inMemory = TinyOptions.Run with { Data = new DataOptions { Spec = $"folder:{folder["images"]}", LabelsPerClass = 2 } };
        var streamed = inMemory with { Data = inMemory.Data with { MemoryLimit = 0 } };
        var (expected, actual) = (TinyRun.In(folder["memory"], inMemory), TinyRun.In(folder["file"], streamed));
        Assert.That(TinyRun.Outcome(folder["file"]), Is.EqualTo(TinyRun.Outcome(folder["memory"])).And.Not.Empty);
        Assert.That(FinishedRun.Timeless(actual.Result!), Is.EqualTo(FinishedRun.Timeless(expected.Result!)));
        Assert.That(actual.Messages, Has.Exactly(2).Contains("are kept in a temporary file"));
        Assert.That(expected.Messages, Has.None.Contains("temporary file"));
        Assert.That(actual.Result!.PeakMemoryBytes, Is.LessThan(expected.Result!.PeakMemoryBytes));

        // The limit is no part of what a run is made from.
        Assert.That(TinyRun.In(folder["file"], inMemory).Works, Is.Empty);
    }
}
