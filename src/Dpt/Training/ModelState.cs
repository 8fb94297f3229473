using System.Numerics.Tensors;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What every trained network has: weights, optimiser, moving average, clipping; saved and loaded as one.</summary>
internal sealed class ModelState : IDisposable
{
    /// <summary>Numbers that an update leaves for <see cref="Require"/>: norm of the gradient, clip factor, norm of the weights.</summary>
    public const int Numbers = 3;

    /// <summary>The metric that <see cref="TakeSkipped"/> gives.</summary>
    public const string Skipped = "gradient/skippedSteps";

    /// <summary>
    /// A gradient that overflows now and then costs a step, as in PyTorch's mixed precision; one that does so in every step is a
    /// divergence, and waiting longer would not help.
    /// </summary>
    private const int MostSkippedInARow = 10;

    private readonly GradientClip _clip;
    private readonly Slice<float> _weightNorm;
    private readonly Action _learnAgain;
    private int _skipped;
    private int _skippedInARow;

    /// <param name="store">The weights.</param>
    /// <param name="optimizer">What updates them; disposed with this.</param>
    /// <param name="average">Their moving average; disposed with this.</param>
    /// <param name="clipNorm">Largest global norm of the gradient; 0 does not clip.</param>
    /// <param name="numbers">Where updates leave their numbers, [<see cref="Numbers"/>].</param>
    /// <param name="learnAgain">Computes the gradient of the last batch once more, to see what of it is not finite.</param>
    public ModelState(
        ParameterStore store, IOptimizer optimizer, MovingAverage average, double clipNorm, Slice<float> numbers, Action learnAgain)
    {
        _learnAgain = learnAgain;
        Store = store;
        Optimizer = optimizer;
        Average = average;
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
    /// An update that cannot be made is skipped: the weights stay what they are, and the gradient is cleared.
    /// </summary>
    public void Update(double learningRate)
    {
        Optimizer.Step((float)learningRate, _clip.Factor, Average);
        GlobalNorm.Compute(Store.Device, Store.Values, _weightNorm);
    }

    /// <summary>Looks at how an update went. Updates are looked at in their order.</summary>
    /// <param name="numbers">What it left.</param>
    /// <param name="step">Its number, from 1.</param>
    /// <returns>The norm of its gradient before clipping; null if it was skipped.</returns>
    /// <exception cref="DptException">
    /// Diverged: updated weights are not finite, or update after update was skipped, for the gradient was not finite or too large
    /// to be squared (AdamW divides by the root of squares: if these overflowed, its updates would be 0 from then on without a word).
    /// </exception>
    public double? Require(ReadOnlySpan<float> numbers, long step)
    {
        if (!float.IsFinite(numbers[2]))
        {
            throw NonFinite.InStep(step, $"{Named("updated weight", Store.Values)} is");
        }

        if (float.IsFinite(numbers[0]) && float.IsFinite(numbers[1]))
        {
            _skippedInARow = 0;
            return numbers[0];
        }

        _skipped++;
        if (++_skippedInARow < MostSkippedInARow)
        {
            return null;
        }

        _learnAgain();
        var what = Named(float.IsFinite(numbers[0]) ? "squared gradient" : "gradient", Store.Gradients);
        throw NonFinite.InStep(step, $"{what} is, as in the {MostSkippedInARow - 1} steps before it,");
    }

    /// <summary>How many updates were skipped since the last call, as a metric; empty if none was.</summary>
    public IEnumerable<(string Name, double Value)> TakeSkipped()
    {
        var count = _skipped;
        _skipped = 0;
        return count > 0 ? [(Skipped, count)] : [];
    }

    /// <summary>All tensors by name.</summary>
    /// <exception cref="DptException">Diverged: a number is not finite, so this is no state to keep.</exception>
    public Dictionary<string, IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>> Capture()
    {
        var tensors = Buffers().ToDictionary(
            s => s.Name, s => (IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>)Store.Export(s.Values, s.IsWeights));
        return FindNonFinite(tensors) is { } tensor ? throw NonFinite.InStep(Optimizer.Steps, $"{tensor} is") : tensors;
    }

    /// <summary>Goes back to a captured state; what a step that diverged left of a gradient goes.</summary>
    /// <exception cref="InvalidDataException">
    /// It lacks something, is of another network, or holds a number that is not finite; nothing has changed.
    /// </exception>
    public void Restore(TrainingState state)
    {
        RequireFit(state);
        foreach (var (name, values, isWeights) in Buffers())
        {
            Store.Import(values, state.Tensors[name], isWeights);
        }

        Store.Device.Clear(Store.Gradients);
        Optimizer.Resume((int)state.Step);
        (_skipped, _skippedInARow) = (0, 0);
    }

    /// <summary>Throws unless a captured state is one of this model.</summary>
    /// <exception cref="InvalidDataException">
    /// It lacks something, is of another network, or holds a number that is not finite.
    /// </exception>
    public void RequireFit(TrainingState state)
    {
        foreach (var (name, _, isWeights) in Buffers())
        {
            RequireFit(state, name, isWeights);
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

    /// <summary>The first tensor whose number is not finite; where each is, it is their norm that overflows.</summary>
    private string Named(string what, Slice<float> values) =>
        Store.FindNonFinite(values) is { } tensor ? $"the {what} of '{tensor.Name}'" : $"the norm of the {what}s";

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

    private void RequireFit(TrainingState state, string name, bool isWeights)
    {
        if (!state.Tensors.TryGetValue(name, out var tensors))
        {
            throw new InvalidDataException($"it has no tensors '{name}'");
        }

        try
        {
            Store.RequireFit(tensors, isWeights);
        }
        catch (ArgumentException other)
        {
            throw new InvalidDataException($"{name}: {other.Message}", other);
        }
    }

    private IEnumerable<(string Name, Slice<float> Values, bool IsWeights)> Buffers() =>
        [("model", Store.Values, true), ("ema", Average.Values, true), .. Optimizer.State.Select(s => (s.Name, s.Values, false))];
}
