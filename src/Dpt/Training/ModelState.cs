using System.Numerics.Tensors;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What every trained network has: weights, optimiser, moving average, clipping; saved and loaded as one.</summary>
internal sealed class ModelState : IDisposable
{
    private readonly SlabNorm _norm;
    private readonly double _clipNorm;

    public ModelState(ParameterStore store, IOptimizer optimizer, double averageDecay, double clipNorm)
    {
        Store = store;
        Optimizer = optimizer;
        Average = new MovingAverage(store, (float)averageDecay);
        _norm = new SlabNorm(store.Device);
        _clipNorm = clipNorm;
    }

    public ParameterStore Store { get; }

    public IOptimizer Optimizer { get; }

    public MovingAverage Average { get; }

    /// <summary>Clips, updates, averages and clears the gradient. Returns the gradient's norm before clipping.</summary>
    /// <exception cref="DptException">
    /// Diverged: the gradient is not finite, and no update was made; or the updated weights are not.
    /// </exception>
    public double Update(double learningRate)
    {
        var step = Optimizer.Steps + 1;
        var norm = _norm.Of(Store.Gradients);
        RequireFinite(norm, Store.Gradients, "gradient", step);
        var factor = GradientClip.Factor(norm, _clipNorm);

        // AdamW divides by the root of squares: if these overflowed, its updates would be 0 from then on without a word.
        RequireFinite(factor * norm * factor * norm, Store.Gradients, "squared gradient", step);
        Optimizer.Step((float)learningRate, factor, Average);
        RequireFinite(_norm.Of(Store.Values), Store.Values, "updated weight", step);
        return norm;
    }

    /// <summary>All tensors by name.</summary>
    /// <exception cref="DptException">Diverged: a number is not finite, so this is no state to keep.</exception>
    public Dictionary<string, IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>> Capture()
    {
        var tensors = Slabs().ToDictionary(
            s => s.Name, s => (IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>)Store.Export(s.Slab));
        return FindNonFinite(tensors) is { } tensor ? throw NonFinite.InStep(Optimizer.Steps, $"{tensor} is") : tensors;
    }

    /// <summary>Goes back to a captured state.</summary>
    /// <exception cref="InvalidDataException">
    /// It lacks something, is of another network, or holds a number that is not finite; nothing has changed.
    /// </exception>
    public void Restore(TrainingState state)
    {
        foreach (var (name, _) in Slabs())
        {
            RequireFit(state, name);
        }

        if (FindNonFinite(state.Tensors) is { } tensor)
        {
            throw new InvalidDataException($"{tensor} is not finite");
        }

        foreach (var (name, slab) in Slabs())
        {
            Store.Import(slab, state.Tensors[name]);
        }

        Optimizer.Resume((int)state.Step);
    }

    public void Dispose()
    {
        _norm.Dispose();
        Average.Dispose();
        Optimizer.Dispose();
    }

    /// <summary>Refuses a norm that is not finite; the tensor whose number is the cause is named.</summary>
    private void RequireFinite(float norm, Slice<float> slab, string what, int step)
    {
        if (!float.IsFinite(norm))
        {
            var name = Store.FindNonFinite(slab)?.Name;
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

    private IEnumerable<(string Name, Slice<float> Slab)> Slabs() =>
        [("model", Store.Values), ("ema", Average.Values), .. Optimizer.State];
}
