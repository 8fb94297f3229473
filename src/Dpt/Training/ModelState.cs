using System.Numerics.Tensors;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What every trained network has: weights, optimiser, moving average, clipping; saved and loaded as one.</summary>
internal sealed class ModelState : IDisposable
{
    /// <summary>Numbers that an update leaves for <see cref="Require"/>: norm of the gradient, clip factor, norm of the weights.</summary>
    public const int Numbers = 3;

    private readonly GradientClip _clip;
    private readonly Slice<float> _weightNorm;

    /// <param name="store">The weights.</param>
    /// <param name="optimizer">What updates them; disposed with this.</param>
    /// <param name="averageDecay">Decay of the moving average.</param>
    /// <param name="clipNorm">Largest global norm of the gradient; 0 does not clip.</param>
    /// <param name="numbers">Where updates leave their numbers, [<see cref="Numbers"/>].</param>
    public ModelState(ParameterStore store, IOptimizer optimizer, double averageDecay, double clipNorm, Slice<float> numbers)
    {
        Store = store;
        Optimizer = optimizer;
        Average = new MovingAverage(store, (float)averageDecay);
        _clip = new GradientClip(store, clipNorm, norm: numbers.Range(0, 1), factor: numbers.Range(1, 1));
        _weightNorm = numbers.Range(2, 1);
    }

    public ParameterStore Store { get; }

    public IOptimizer Optimizer { get; }

    public MovingAverage Average { get; }

    /// <summary>Finds how the gradient is clipped: the same launches every time.</summary>
    /// <param name="losses">The losses that it is of; if one is not finite, there will be no update.</param>
    public void Clip(Slice<float> losses) => _clip.Compute(losses);

    /// <summary>
    /// Updates, averages and clears the gradient, as it was clipped. Nobody waits for it: whether it went well is in its numbers.
    /// From an update that did not on, the weights stay what they are.
    /// </summary>
    public void Update(double learningRate)
    {
        Optimizer.Step((float)learningRate, _clip.Factor, Average);
        GlobalNorm.Compute(Store.Device, Store.Values, _weightNorm);
    }

    /// <summary>Throws if an update did not go well.</summary>
    /// <param name="numbers">What it left.</param>
    /// <param name="step">Its number, from 1.</param>
    /// <returns>The norm of its gradient before clipping.</returns>
    /// <exception cref="DptException">
    /// Diverged: the gradient was not finite, or too large to be squared, and no update was made; or the updated weights are not.
    /// </exception>
    public double Require(ReadOnlySpan<float> numbers, long step)
    {
        RequireFinite(numbers[0], Store.Gradients, "gradient", step);

        // AdamW divides by the root of squares: if these overflowed, its updates would be 0 from then on without a word.
        RequireFinite(numbers[1], Store.Gradients, "squared gradient", step);
        RequireFinite(numbers[2], Store.Values, "updated weight", step);
        return numbers[0];
    }

    /// <summary>All tensors by name.</summary>
    /// <exception cref="DptException">Diverged: a number is not finite, so this is no state to keep.</exception>
    public Dictionary<string, IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>> Capture()
    {
        var tensors = Buffers().ToDictionary(
            s => s.Name, s => (IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>)Store.Export(s.Values));
        return FindNonFinite(tensors) is { } tensor ? throw NonFinite.InStep(Optimizer.Steps, $"{tensor} is") : tensors;
    }

    /// <summary>Goes back to a captured state.</summary>
    /// <exception cref="InvalidDataException">
    /// It lacks something, is of another network, or holds a number that is not finite; nothing has changed.
    /// </exception>
    public void Restore(TrainingState state)
    {
        RequireFit(state);
        foreach (var (name, values) in Buffers())
        {
            Store.Import(values, state.Tensors[name]);
        }

        Optimizer.Resume((int)state.Step);
    }

    /// <summary>Throws unless a captured state is one of this model.</summary>
    /// <exception cref="InvalidDataException">
    /// It lacks something, is of another network, or holds a number that is not finite.
    /// </exception>
    public void RequireFit(TrainingState state)
    {
        foreach (var (name, _) in Buffers())
        {
            RequireFit(state, name);
        }

        if (FindNonFinite(state.Tensors) is { } tensor)
        {
            throw new InvalidDataException($"{tensor} is not finite");
        }
    }

    public void Dispose()
    {
        Average.Dispose();
        Optimizer.Dispose();
    }

    /// <summary>Refuses a norm that is not finite; the tensor whose number is the cause is named.</summary>
    private void RequireFinite(float norm, Slice<float> values, string what, long step)
    {
        if (!float.IsFinite(norm))
        {
            var name = Store.FindNonFinite(values)?.Name;
            throw NonFinite.InStep(step, name is null ? $"the norm of the {what}s is" : $"the {what} of '{name}' is");
        }
    }

    /// <summary>The first tensor with a number that is not finite, as messages name it; null if there is none.</summary>
    private static string? FindNonFinite(
        IReadOnlyDictionary<string, IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>> tensors)
    {
        foreach (var (file, state) in tensors)
        {
            foreach (var (name, (_, values)) in state)
            {
                if (!TensorPrimitives.IsFiniteAll<float>(values))
                {
                    return $"'{name}' in '{file}'";
                }
            }
        }

        return null;
    }

    private void RequireFit(TrainingState state, string name)
    {
        if (!state.Tensors.TryGetValue(name, out var tensors))
        {
            throw new InvalidDataException($"it has no tensors '{name}'");
        }

        try
        {
            Store.RequireFit(tensors);
        }
        catch (ArgumentException other)
        {
            throw new InvalidDataException($"{name}: {other.Message}", other);
        }
    }

    private IEnumerable<(string Name, Slice<float> Values)> Buffers() =>
        [("model", Store.Values), ("ema", Average.Values), .. Optimizer.State];
}
