namespace DPT.Engine.Dpt;

/// <summary>What the sizes of a network on patches of an image must fulfil, whatever it is for.</summary>
internal static class NetworkSizes
{
    /// <summary>Largest head of attention: a limit of its operators.</summary>
    private const int LargestHead = 256;

    /// <summary>Throws at patches that do not cut the images, and at tokens too narrow.</summary>
    /// <param name="name">The group of settings, for the message.</param>
    /// <param name="patch">Side of a patch.</param>
    /// <param name="width">Token width.</param>
    /// <param name="side">Side of the images.</param>
    /// <exception cref="DptException">Usage: it names the settings, the limit and what to do.</exception>
    public static void RequireTokens(string name, int patch, int width, int side)
    {
        Usage.Require(
            side % patch == 0,
            $"{name}.patchSize {patch} does not divide the image size {side}; choose a divisor, or resize with --image-size");
        Usage.Require(width >= 2, $"{name}.width {width} is too small, it must be at least 2");
    }

    /// <summary>Throws at heads that do not cut the tokens, and at heads too wide.</summary>
    /// <param name="name">The group of settings, for the message.</param>
    /// <param name="width">Token width.</param>
    /// <param name="heads">Attention heads.</param>
    /// <exception cref="DptException">Usage: it names the settings, the limit and what to do.</exception>
    public static void RequireHeads(string name, int width, int heads)
    {
        Usage.Require(width % heads == 0, $"{name}.heads {heads} does not divide {name}.width {width}");
        Usage.Require(
            width / heads <= LargestHead,
            $"{name}.width {width} in {name}.heads {heads} gives heads of {width / heads}, the limit is {LargestHead}; use more heads");
    }
}
