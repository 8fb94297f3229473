namespace DPT.Engine.Dpt;

/// <summary>An image's path below the root, with <c>/</c>, and its class, or <see cref="ImageDataset.NoLabel"/>.</summary>
internal readonly record struct LabelledFile(string Name, int Label);

/// <summary>The image files below a root: training or test.</summary>
/// <param name="Root">The folder that their names begin at.</param>
/// <param name="Classes">Names of the classes.</param>
/// <param name="Files">The files, class by class.</param>
internal sealed record FolderPart(string Root, string[] Classes, LabelledFile[] Files)
{
    /// <summary>Class of each file, or <see cref="ImageDataset.NoLabel"/>.</summary>
    public int[] Labels => Array.ConvertAll(Files, file => file.Label);

    /// <summary>Where a file is.</summary>
    public string PathOf(int index) => Path.Combine(Root, Files[index].Name);

    /// <summary>The part with these files alone.</summary>
    public FolderPart Keep(int[] indices) => this with { Files = Array.ConvertAll(indices, i => Files[i]) };
}
