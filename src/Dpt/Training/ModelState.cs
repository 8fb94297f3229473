using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What every trained network has: weights, optimiser, moving average, clipping; saved and loaded as one.</summary>
internal sealed class ModelState : IDisposable
{
    private readonly GradientClip _clip;
    private readonly double _clipNorm;

    public ModelState(ParameterStore store, IOptimizer optimizer, double averageDecay, double clipNorm)
    {
        Store = store;
        Optimizer = optimizer;
        Average = new MovingAverage(store, (float)averageDecay);
        _clip = new GradientClip(store);
        _clipNorm = clipNorm;
    }

    public ParameterStore Store { get; }

    public IOptimizer Optimizer { get; }

    public MovingAverage Average { get; }

    /// <summary>Clips, updates, averages and clears the gradient. Returns the gradient's norm, 0 if it was not needed.</summary>
    public double Update(double learningRate)
    {
        var norm = _clipNorm > 0 ? _clip.Norm() : 0;
        Optimizer.Step((float)learningRate, GradientClip.Factor(norm, _clipNorm), Average);
        return norm;
    }

    public Dictionary<string, IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>> Capture() =>
        Slabs().ToDictionary(
            s => s.Name, s => (IReadOnlyDictionary<string, (TensorShape, float[])>)Store.Export(s.Slab));

    public void Restore(TrainingState state)
    {
        foreach (var (name, slab) in Slabs())
        {
            Store.Import(slab, state.Tensors[name]);
        }

        Optimizer.Resume((int)state.Step);
    }

    public void Dispose()
    {
        _clip.Dispose();
        Average.Dispose();
        Optimizer.Dispose();
    }

    private IEnumerable<(string Name, Slice<float> Slab)> Slabs() =>
        [("model", Store.Values), ("ema", Average.Values), .. Optimizer.State];
}
