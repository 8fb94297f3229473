namespace DPT.Engine.Dpt;

/// <summary>What networks have to know of a data set: the form of its images, and what there is to tell apart.</summary>
/// <param name="Channels">Channels, C.</param>
/// <param name="Side">Side in pixels, S.</param>
/// <param name="Classes">Number of classes.</param>
public readonly record struct ImageForm(int Channels, int Side, int Classes)
{
    /// <summary>Numbers of one image, C S S.</summary>
    public int Elements => Channels * Side * Side;
}
