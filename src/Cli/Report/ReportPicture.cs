using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>One image of a data set on a page.</summary>
internal static class ReportPicture
{
    /// <summary>Side above which images are made smaller, so that a page stays small whatever its run saw.</summary>
    private const int MostPixels = 48;

    /// <summary>The image, with the name of its file if it has one.</summary>
    public static string Of(ImageDataset images, int index)
    {
        var name = HtmlPage.Text(images.FileNames?[index] ?? $"image {index}");
        return $"<img class=\"pixel\" alt=\"\" title=\"{name}\" src=\"data:image/png;base64,{Convert.ToBase64String(Thumbnail.Png(images, index, MostPixels))}\">";
    }
}
