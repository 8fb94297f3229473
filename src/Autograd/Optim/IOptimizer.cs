using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>Updates the parameters of one store from their gradients, which it clears.</summary>
public interface IOptimizer : IDisposable
{
    /// <summary>Updates made so far.</summary>
    int Steps { get; }

    /// <summary>The state to save, by name: flat buffers laid out like the store's.</summary>
    IReadOnlyList<(string Name, Slice<float> Values)> State { get; }

    /// <summary>
    /// One update. Frozen parameters (<see cref="ParameterStore.Freeze"/>) keep weights, moments and average to the last bit;
    /// the step counts all the same.
    /// </summary>
    /// <param name="learningRate">Learning rate of this update.</param>
    /// <param name="gradientScale">
    /// Factor on the gradient, one element on the device, e.g. from <see cref="GradientClip"/>; empty means 1. If it is not
    /// finite the update is skipped: it clears the gradient and changes nothing else, though the step counts.
    /// </param>
    /// <param name="average">Updated in the same pass, or null.</param>
    void Step(float learningRate, Slice<float> gradientScale = default, MovingAverage? average = null);

    /// <summary>Continues after a load: <paramref name="steps"/> updates were made.</summary>
    void Resume(int steps);
}
