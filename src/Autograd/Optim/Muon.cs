using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Muon (Jordan et al. 2024): the update of a hidden matrix is its momentum with all singular values brought near 1, so that no
/// direction of the matrix learns much faster than another. Everything else (norms, biases, embeddings, heads, frozen parameters)
/// is AdamW's. Updates have the root mean square that AdamW's have (Liu et al. 2025, arXiv 2502.16982), so one learning rate and
/// one weight decay serve both.
/// </summary>
/// <remarks>
/// Which matrices are hidden is said where they are registered (<see cref="Parameter.IsHidden"/>). The momentum lies where AdamW
/// has its first moment. On a card matrices of one shape are updated together (<see cref="MatrixGroup"/>). An update of an [m, n]
/// matrix with m at most n takes 4 m^2 n + 26 m^3 operations more than AdamW's, a few percent of a training step whose batch has
/// many more tokens than m.
/// </remarks>
public sealed class Muon : IOptimizer
{
    /// <summary>Root mean square of AdamW's updates, in practice.</summary>
    private const float AdamLike = 0.2f;

    private readonly ParameterStore _store;
    private readonly MuonConfig _config;
    private readonly AdamW _others;
    private readonly MatrixGroup[] _groups;
    private readonly Orthogonalizer _orthogonalizer;
    private readonly DeviceBuffer<float> _directions;
    private readonly DeviceBuffer<float> _guard;

    /// <summary>An optimiser with zero moments.</summary>
    /// <param name="store">The parameters, initialised.</param>
    /// <param name="config">The constants.</param>
    public Muon(ParameterStore store, MuonConfig config)
    {
        (_store, _config) = (store, config);
        _others = new AdamW(store, config.Others, learnsHidden: false);
        _groups = [.. MatrixGroup.Of(store.Parameters.Where(parameter => parameter.IsHidden), store.Device.Kind)];
        _orthogonalizer = new Orthogonalizer(
            store.Device, [.. _groups.Select(group => (group.Matrices.Length, group.Rows, group.Columns))]);
        _directions = store.Device.Allocate<float>(
            _groups.Select(group => group.Matrices.Length * group.Elements).DefaultIfEmpty(1).Max());
        _guard = store.Device.Allocate<float>(1);
    }

    /// <inheritdoc/>
    public int Steps => _others.Steps;

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Slice<float> Values)> State => _others.State;

    /// <inheritdoc/>
    public void Step(float learningRate, Slice<float> gradientScale = default, MovingAverage? average = null)
    {
        var guard = Guard(gradientScale);
        foreach (var group in _groups)
        {
            Update(group, learningRate, gradientScale, guard, average);
        }

        _others.Step(learningRate, gradientScale, average);
    }

    /// <inheritdoc/>
    public void Resume(int steps) => _others.Resume(steps);

    /// <inheritdoc/>
    public void Dispose()
    {
        _others.Dispose();
        _orthogonalizer.Dispose();
        _directions.Dispose();
        _guard.Dispose();
    }

    /// <summary>1 where the update goes on, not finite where it is skipped: orthogonal updates have no other scale.</summary>
    private Slice<float> Guard(Slice<float> gradientScale)
    {
        if (!gradientScale.IsEmpty)
        {
            _store.Device.Run(PrimitiveOperators.Map, new MapCall
            {
                Count = 1,
                Function = MapFunction.Affine,
                A = gradientScale,
                Factor = 0,
                Offset = 1,
                Y = _guard.Slice,
            });
        }

        return gradientScale.IsEmpty ? default : _guard.Slice;
    }

    private void Update(
        MatrixGroup group, float learningRate, Slice<float> gradientScale, Slice<float> guard, MovingAverage? average)
    {
        var count = 0;
        foreach (var matrix in group.Matrices)
        {
            if (matrix.NeedsGradient)
            {
                Direct(matrix, gradientScale, Part(_directions.Slice, count++));
            }
        }

        if (count == 0)
        {
            return;
        }

        var updates = _orthogonalizer.Apply(
            _directions.Slice.Range(0, count * group.Elements), count, group.Rows, group.Columns);
        count = 0;
        foreach (var matrix in group.Matrices)
        {
            if (matrix.NeedsGradient)
            {
                Follow(matrix, Part(updates, count), Part(_directions.Slice, count++), learningRate, guard, average);
            }
        }

        Slice<float> Part(Slice<float> of, int index) => of.Range(index * group.Elements, group.Elements);
    }

    /// <summary>One step of SGD from 0 with rate -1 ends at the direction of the momentum, and clears the gradient.</summary>
    private void Direct(Parameter matrix, Slice<float> gradientScale, Slice<float> direction)
    {
        _store.Device.Clear(direction);
        _store.Device.Run(OptimizerOperators.Sgd, new SgdCall
        {
            Count = matrix.Shape.Count,
            Parameters = direction,
            Gradients = matrix.Gradient,
            Velocity = _others.Moment1.Range(matrix.Offset, matrix.Shape.Count),
            LearningRate = -1,
            Momentum = _config.Momentum,
            Nesterov = true,
            WeightDecay = 0,
            GradientScale = gradientScale,
        });
    }

    /// <summary>A second step goes along the update; without momentum its velocity is no more than scratch.</summary>
    private void Follow(
        Parameter matrix,
        Slice<float> update,
        Slice<float> scratch,
        float learningRate,
        Slice<float> guard,
        MovingAverage? average)
    {
        var count = matrix.Shape.Count;
        var scale = AdamLike * MathF.Sqrt(Math.Max(matrix.Shape[0], matrix.Shape[1]));
        _store.Device.Run(OptimizerOperators.Sgd, new SgdCall
        {
            Count = count,
            Parameters = _store.Values.Range(matrix.Offset, count),
            Gradients = update,
            Velocity = scratch,
            Average = average?.Values.Range(matrix.Offset, count) ?? default,
            LearningRate = scale * learningRate,
            Momentum = 0,
            WeightDecay = matrix.Decays || _config.Others.DecayEverything ? _config.Others.WeightDecay / scale : 0,
            GradientScale = guard,
            AverageDecay = average?.DecayAfter(Steps) ?? 0,
        });
    }
}

/// <summary>The constants of Muon.</summary>
/// <param name="Others">AdamW's, for what is no hidden matrix; its weight decay holds for all.</param>
/// <param name="Momentum">Decay of the momentum, in 0..1; Nesterov's direction is taken.</param>
public sealed record MuonConfig(AdamWConfig Others, float Momentum = 0.95f);
