using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>Batches of <see cref="IExamples"/>. Images are counted over all steps: what is drawn of one follows from its number.</summary>
internal interface IExampleBatches : IDisposable
{
    /// <summary>Chooses the images of a step's batch and makes them ready for <see cref="Draw"/>.</summary>
    /// <param name="order">Chooses.</param>
    /// <param name="step">Number of the step; the one after it should follow.</param>
    /// <param name="indices">Receives which images they are; as many in every step.</param>
    void Choose(BatchSampler order, long step, Span<int> indices);

    /// <summary>The images that were chosen, [B, channels, side, side] as the network sees them.</summary>
    /// <param name="batch">Receives them.</param>
    /// <param name="indices">Which images they are, on the device.</param>
    void Draw(Slice<float> batch, Slice<int> indices);
}
