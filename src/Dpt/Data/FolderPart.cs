namespace DPT.Engine.Dpt;

/// <summary>An image's path below the root, with <c>/</c>, and its class.</summary>
internal readonly record struct LabelledFile(string Name, int Label);

/// <summary>The image files below a root of class folders: training or test.</summary>
/// <param name="Root">The folder of the class folders.</param>
/// <param name="Classes">Names of the classes.</param>
/// <param name="Files">The files, class by class.</param>
internal sealed record FolderPart(string Root, string[] Classes, LabelledFile[] Files)
{
    /// <summary>Where a file is.</summary>
    public string PathOf(int index) => Path.Combine(Root, Files[index].Name);

    /// <summary>The part with these files alone.</summary>
    public FolderPart Keep(int[] indices) => this with { Files = Array.ConvertAll(indices, i => Files[i]) };
}
