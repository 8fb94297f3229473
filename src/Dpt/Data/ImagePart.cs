namespace DPT.Engine.Dpt;

/// <summary>Where the image files of a set lie.</summary>
internal interface IImageFiles
{
    /// <summary>Whether the names of files say what kind of images they are.</summary>
    bool NamesSayKinds { get; }

    /// <summary>Path of a file, for people.</summary>
    string PathOf(string name);

    /// <summary>Content of a file; from any thread.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or too large for an image.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    byte[] Read(string name);
}

/// <summary>Image files in a folder.</summary>
/// <param name="Root">The folder that their names begin at.</param>
internal sealed record ImageRoot(string Root) : IImageFiles
{
    /// <inheritdoc/>
    public bool NamesSayKinds => true;

    /// <inheritdoc/>
    public string PathOf(string name) => Path.Combine(Root, name);

    /// <inheritdoc/>
    public byte[] Read(string name) => ImageFile.Read(PathOf(name));
}

/// <summary>An image's path where it lies, with <c>/</c>, and its class, or <see cref="ImageDataset.NoLabel"/>.</summary>
internal readonly record struct LabelledFile(string Name, int Label);

/// <summary>The image files of a part of a set: training or test.</summary>
/// <param name="Place">Where they lie.</param>
/// <param name="Classes">Names of the classes.</param>
/// <param name="Files">The files, in the order of the set.</param>
internal sealed record ImagePart(IImageFiles Place, string[] Classes, LabelledFile[] Files)
{
    /// <summary>Class of each file, or <see cref="ImageDataset.NoLabel"/>.</summary>
    public int[] Labels => Array.ConvertAll(Files, file => file.Label);

    /// <summary>Path of a file, for people.</summary>
    public string PathOf(int index) => Place.PathOf(Files[index].Name);

    /// <summary>Content of a file.</summary>
    public byte[] Read(int index) => Place.Read(Files[index].Name);

    /// <summary>The part with these files alone.</summary>
    public ImagePart Keep(int[] indices) => this with { Files = Array.ConvertAll(indices, i => Files[i]) };
}
