namespace DPT.Engine.Dpt.Tests;

/// <summary>Images in a temporary file are those in memory, however many they are.</summary>
public sealed class PixelStoreTests
{
    private const int Length = 5;

    [Test]
    public void Limit_DecidesWhereTheyAre([Values(0, 14, 15, 16)] long most)
    {
        var store = PixelStore.Create(3, Length, most);
        Assert.That(store.InMemory is not null, Is.EqualTo(most >= 15));
        Assert.That(store.KeepsInMemory(3), Is.EqualTo(most >= 15));
        Assert.That(store.New(1, Length).InMemory is not null, Is.EqualTo(most >= 5), "others by the same limit");
        Assert.That((store.Count, store.ImageLength, store.Bytes), Is.EqualTo((3, Length, 15L)));
    }

    /// <summary>Images are black until they are written; written from many threads in any order they stay apart.</summary>
    [Test]
    public void Images_AreWhatWasWritten([Values(0, long.MaxValue)] long most)
    {
        const int Count = 300;
        var store = PixelStore.Create(Count + 1, Length, most);
        Parallel.For(0, Count, i => store.Write(Count - 1 - i, image => Of(Count - 1 - i).CopyTo(image)));
        var target = new byte[Length];
        for (var i = 0; i < Count; i++)
        {
            Assert.That(store.Image(i).ToArray(), Is.EqualTo(Of(i)));
            store.Read(i, target);
            Assert.That(target, Is.EqualTo(Of(i)));
        }

        Assert.That(store.Image(Count).ToArray(), Is.EqualTo(new byte[Length]));
    }

    /// <summary>Beyond what 32 bits count, with a sign and without; the room is reserved, and hardly any of it written.</summary>
    [Test]
    [Platform("Linux")]
    public void Images_BeyondFourGibibytes_AreFound()
    {
        const int Large = 1 << 20;
        const int Count = 4100;
        int[] written = [0, 2047, 2048, 4095, 4096, 4099];
        Assume.That(new DriveInfo(Path.GetTempPath()).AvailableFreeSpace, Is.GreaterThan(2L * Count * Large), "room for the file");
        var store = PixelStore.Create(Count, Large, long.MaxValue);
        Assert.That(store.InMemory, Is.Null);
        foreach (var i in written)
        {
            store.Write(i, image => image.Fill((byte)(i % 251)));
        }

        foreach (var i in written)
        {
            Assert.That(store.Image(i).IndexOfAnyExcept((byte)(i % 251)), Is.EqualTo(-1), $"image {i}");
        }

        Assert.That(store.Image(2046).IndexOfAnyExcept((byte)0), Is.EqualTo(-1));
    }

    /// <summary>A process that is killed leaves nothing behind: the file has no name.</summary>
    [Test]
    [Platform("Linux")]
    public void File_HasNoName()
    {
        var store = PixelStore.Create(10, Length, mostInMemory: 0);
        Assert.That(OpenFiles().Values, Is.Not.Empty.And.All.EndsWith(".pixels (deleted)"));
        Assert.That(store.Image(9).ToArray(), Is.EqualTo(new byte[Length]));
    }

    [Test]
    public void Sets_InAFile_AreThoseInMemory()
    {
        var memory = TestImages.Noise(40, classes: 3, imageSize: 8);
        var file = InAFile(memory);
        Assert.That((file.IsInMemory, memory.IsInMemory), Is.EqualTo((false, true)));
        Assert.That(() => file.Pixels, Throws.InvalidOperationException.With.Message.Contains("'noise' are not in memory"));
        RequireSame(file, memory);
        int[] chosen = [7, 3, 3, 39];
        RequireSame(file.Select(chosen), memory.Select(chosen));
        RequireSame(file.Append(memory), memory.Append(file));
        RequireSame(ImageResizer.Resize(file, 5), ImageResizer.Resize(memory, 5));
        RequireSame(file.WithLabels(new int[40]), memory.WithLabels(new int[40]));
        Assert.That(Thumbnail.Png(file, 9, mostPixels: 4), Is.EqualTo(Thumbnail.Png(memory, 9, mostPixels: 4)));
        Assert.That(NormalisationStatistics.Of(file).Mean, Is.EqualTo(NormalisationStatistics.Of(memory).Mean));
        Assert.That(NormalisationStatistics.Of(file).Deviation, Is.EqualTo(NormalisationStatistics.Of(memory).Deviation));
    }

    /// <summary>The set with its images in a file.</summary>
    internal static ImageDataset InAFile(ImageDataset images)
    {
        var store = PixelStore.Create(images.Count, images.ImageLength, mostInMemory: 0);
        for (var i = 0; i < images.Count; i++)
        {
            var index = i;
            store.Write(i, image => images.CopyImage(index, image));
        }

        return new ImageDataset(images.Name, images.ClassNames, images.Channels, images.ImageSize, store, images.Labels, images.FileNames);
    }

    /// <summary>Temporary files that this process has open: their names, by the paths under which the system shows them to it.</summary>
    internal static Dictionary<string, string> OpenFiles() => Directory.GetFiles("/proc/self/fd")
        .Select(path => (Path: path, Target: new FileInfo(path).LinkTarget ?? string.Empty))
        .Where(file => file.Target.Contains("/dpt-", StringComparison.Ordinal) && file.Target.Contains(".pixels", StringComparison.Ordinal))
        .ToDictionary(file => file.Path, file => file.Target);

    private static void RequireSame(ImageDataset actual, ImageDataset expected)
    {
        Assert.That(actual.Form, Is.EqualTo(expected.Form));
        Assert.That(actual.Labels, Is.EqualTo(expected.Labels));
        Assert.That(actual.Hash, Is.EqualTo(expected.Hash));
        for (var i = 0; i < expected.Count; i++)
        {
            Assert.That(actual.Image(i).ToArray(), Is.EqualTo(expected.Image(i).ToArray()), $"image {i}");
        }
    }

    private static byte[] Of(int image) => [.. Enumerable.Range(0, Length).Select(i => (byte)((3 * image) + i))];
}
