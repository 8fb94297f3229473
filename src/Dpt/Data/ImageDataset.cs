using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace DPT.Engine.Dpt;

/// <summary>
/// Square images of one size, of each its class or that it is unknown. They are in memory, or where they are too many in a temporary file.
/// Immutable: nobody writes to its arrays.
/// </summary>
public sealed class ImageDataset
{
    /// <summary>The label of an image whose class nobody has said.</summary>
    public const int NoLabel = -1;

    private readonly PixelStore _pixels;
    private readonly Lazy<string> _hash;

    /// <summary>Takes ownership of the arrays.</summary>
    /// <param name="name">Name for people, e.g. <c>digits</c>.</param>
    /// <param name="classNames">One name per class; at least two.</param>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    /// <param name="imageSize">Side of the images in pixels.</param>
    /// <param name="pixels">[N,C,S,S], 0..255.</param>
    /// <param name="labels">[N], 0..classes-1, or <see cref="NoLabel"/>.</param>
    /// <param name="fileNames">[N], path of each image below its root with <c>/</c>; null where images are no files.</param>
    /// <exception cref="ArgumentException">Sizes or labels contradict each other.</exception>
    public ImageDataset(
        string name,
        IReadOnlyList<string> classNames,
        int channels,
        int imageSize,
        byte[] pixels,
        int[] labels,
        string[]? fileNames = null)
        : this(
            name,
            classNames,
            channels,
            imageSize,
            PixelStore.Of(pixels, Math.Max(1, channels * imageSize * imageSize)),
            labels,
            fileNames) => Check((long)labels.Length * ImageLength == pixels.LongLength, "pixels and labels differ in count");

    internal ImageDataset(
        string name,
        IReadOnlyList<string> classNames,
        int channels,
        int imageSize,
        PixelStore pixels,
        int[] labels,
        string[]? fileNames = null)
    {
        Check(channels is 1 or 3, $"channels must be 1 or 3, not {channels}");
        Check(imageSize >= 1, $"image size must be at least 1, not {imageSize}");
        Check(classNames.Count >= 2, $"a data set needs at least 2 classes, not {classNames.Count}");
        Check(labels.Length == pixels.Count && pixels.ImageLength == channels * imageSize * imageSize, "pixels and labels differ in count");
        Check(fileNames is null || fileNames.Length == labels.Length, "file names and labels differ in count");
        Check(labels.AsSpan().IndexOfAnyExceptInRange(NoLabel, classNames.Count - 1) < 0, "a label is outside the classes");
        Name = name;
        ClassNames = classNames;
        Channels = channels;
        ImageSize = imageSize;
        _pixels = pixels;
        Labels = labels;
        FileNames = fileNames;
        _hash = new Lazy<string>(ComputeHash);
    }

    /// <summary>Name for people.</summary>
    public string Name { get; }

    /// <summary>Number of classes.</summary>
    public int Classes => ClassNames.Count;

    /// <summary>Name of each class.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>1 (grey) or 3 (red, green, blue).</summary>
    public int Channels { get; }

    /// <summary>Side of the images in pixels.</summary>
    public int ImageSize { get; }

    /// <summary>Number of images.</summary>
    public int Count => Labels.Length;

    /// <summary>What networks have to know of the images.</summary>
    public ImageForm Form => new(Channels, ImageSize, Classes);

    /// <summary>Bytes of one image, C S S.</summary>
    public int ImageLength => Channels * ImageSize * ImageSize;

    /// <summary>Whether all images are in memory: then they are <see cref="Pixels"/>.</summary>
    public bool IsInMemory => _pixels.InMemory is not null;

    /// <summary>All images, [N,C,S,S], 0..255.</summary>
    /// <exception cref="InvalidOperationException">They are not in memory; <see cref="Image"/> reads them one by one.</exception>
    public byte[] Pixels => _pixels.InMemory
        ?? throw new InvalidOperationException($"the images of '{Name}' are not in memory; read them one by one");

    /// <summary>Class of each image, or <see cref="NoLabel"/>, [N].</summary>
    public int[] Labels { get; }

    /// <summary>Whether the class of some images is unknown.</summary>
    public bool HasUnlabelled => Labels.Contains(NoLabel);

    /// <summary>Path of each image below its root, with <c>/</c>; null where images are no files.</summary>
    public string[]? FileNames { get; }

    /// <summary>SHA-256 over shape, pixels and labels, in hexadecimal; computed at the first use.</summary>
    public string Hash => _hash.Value;

    /// <summary>The pixels of image <paramref name="index"/>, [C,S,S]; a copy if it is not in memory.</summary>
    /// <exception cref="DptException">Environment: the temporary file cannot be read.</exception>
    public ReadOnlySpan<byte> Image(int index) => _pixels.Image(index);

    /// <summary>Copies the pixels of image <paramref name="index"/>.</summary>
    /// <param name="index">Which image.</param>
    /// <param name="target">Receives it, [C,S,S].</param>
    public void CopyImage(int index, Span<byte> target) => _pixels.Read(index, target);

    /// <summary>These images followed by those of <paramref name="other"/>, which must be of the same kind.</summary>
    /// <exception cref="ArgumentException">Classes, channels or sizes differ.</exception>
    public ImageDataset Append(ImageDataset other)
    {
        Check(
            other.Classes == Classes && other.Channels == Channels && other.ImageSize == ImageSize,
            $"'{other.Name}' has other classes, channels or sizes than '{Name}'");
        var pixels = _pixels.New(Count + other.Count, ImageLength);
        for (var i = 0; i < pixels.Count; i++)
        {
            var index = i;
            pixels.Write(i, image => (index < Count ? Image(index) : other.Image(index - Count)).CopyTo(image));
        }

        return new ImageDataset(Name, ClassNames, Channels, ImageSize, pixels, [.. Labels, .. other.Labels]);
    }

    /// <summary>A new data set of the images at <paramref name="indices"/>, in that order.</summary>
    public ImageDataset Select(ReadOnlySpan<int> indices)
    {
        var pixels = _pixels.New(indices.Length, ImageLength);
        var labels = new int[indices.Length];
        var names = FileNames is null ? null : new string[indices.Length];
        for (var i = 0; i < indices.Length; i++)
        {
            var index = indices[i];
            pixels.Write(i, image => CopyImage(index, image));
            labels[i] = Labels[index];
            names?[i] = FileNames![index];
        }

        return new ImageDataset(Name, ClassNames, Channels, ImageSize, pixels, labels, names);
    }

    /// <summary>Whether so many images like these would be in memory.</summary>
    internal bool KeepsInMemory(long count) => _pixels.KeepsInMemory(count);

    /// <summary>These images with other labels.</summary>
    /// <param name="labels">[N], 0..classes-1, or <see cref="NoLabel"/>.</param>
    internal ImageDataset WithLabels(int[] labels) => new(Name, ClassNames, Channels, ImageSize, _pixels, labels);

    /// <summary>All images changed one by one, with the same names and labels.</summary>
    /// <param name="imageSize">Their new side.</param>
    /// <param name="change">Makes the second of the first; from several threads.</param>
    internal ImageDataset Changed(int imageSize, ImageChange change)
    {
        var pixels = _pixels.New(Count, Channels * imageSize * imageSize);
        Parallel.For(0, Count, i => pixels.Write(i, image => change(Image(i), image)));
        return new ImageDataset(Name, ClassNames, Channels, imageSize, pixels, Labels, FileNames);
    }

    private string ComputeHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> shape = stackalloc byte[16];
        ReadOnlySpan<int> sizes = [Count, Channels, ImageSize, Classes];
        for (var i = 0; i < sizes.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(shape[(4 * i)..], sizes[i]);
        }

        hash.AppendData(shape);
        for (var i = 0; i < Count; i++)
        {
            hash.AppendData(Image(i));
        }

        hash.AppendData(MemoryMarshal.AsBytes(Labels.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ArgumentException(otherwise);
        }
    }
}

/// <summary>Makes an image of another.</summary>
internal delegate void ImageChange(ReadOnlySpan<byte> source, Span<byte> target);

/// <summary>
/// A data set as the method sees it. Labels of training images that it was not told are for reporting only, where they are known.
/// </summary>
/// <param name="Train">The training images.</param>
/// <param name="Test">
/// The images that accuracies are measured on, all labelled; same classes and shape. There may be none: then nothing is measured.
/// </param>
public sealed record DatasetPair(ImageDataset Train, ImageDataset Test)
{
    /// <summary>What a person should know of the reading, one line each: what was left out and why.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Images left out because they cannot be read, if the options allow that.</summary>
    public IReadOnlyList<BrokenImage> Skipped { get; init; } = [];
}
