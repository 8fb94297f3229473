using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>A trained network as sampling sees it. It knows the labels of the samples that are being drawn.</summary>
public interface IDiffusionModel
{
    /// <summary>What the network predicts.</summary>
    Prediction Prediction { get; }

    /// <summary>Evaluates the network on a batch at one time.</summary>
    /// <param name="state">The noisy samples, [samples,elements].</param>
    /// <param name="time">The network's time (<see cref="NoiseSchedule.NetworkTime"/>), the same for all.</param>
    /// <param name="conditional">Receives the prediction with the labels, [samples,elements].</param>
    /// <param name="unconditional">
    /// Receives the prediction with the null label, [samples,elements]; empty if there is no guidance.
    /// </param>
    void Predict(Slice<float> state, double time, Slice<float> conditional, Slice<float> unconditional);
}
