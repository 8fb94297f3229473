using System.Numerics.Tensors;

namespace DPT.Engine.Dpt;

/// <summary>
/// The direction of limited-memory BFGS (Nocedal 1980; Nocedal and Wright 2006, algorithm 7.4): what the last steps say of the inverse of the
/// second derivatives, times the gradient. It keeps 2 <see cref="Memory"/> vectors.
/// </summary>
internal sealed class QuasiNewton
{
    private const int Memory = 10;

    private readonly Queue<(double[] Step, double[] Change, double Curvature)> _steps = new();

    /// <summary>Remembers a step.</summary>
    /// <param name="step">By which the weights have changed.</param>
    /// <param name="change">By which the gradient has; of a strictly convex function their product is above 0.</param>
    public void Add(double[] step, double[] change)
    {
        if (_steps.Count == Memory)
        {
            _ = _steps.Dequeue();
        }

        _steps.Enqueue((step, change, TensorPrimitives.Dot<double>(step, change)));
    }

    /// <summary>Where to go from a point with this gradient; downhill.</summary>
    public double[] Direction(double[] gradient)
    {
        var direction = new double[gradient.Length];
        TensorPrimitives.Negate<double>(gradient, direction);
        if (_steps.Count == 0)
        {
            return direction;
        }

        var shares = new Stack<double>();
        foreach (var (step, change, curvature) in _steps.Reverse())
        {
            shares.Push(TensorPrimitives.Dot<double>(step, direction) / curvature);
            TensorPrimitives.MultiplyAdd(change, -shares.Peek(), direction, direction);
        }

        var last = _steps.Last();
        TensorPrimitives.Multiply(direction, last.Curvature / TensorPrimitives.Dot<double>(last.Change, last.Change), direction);
        foreach (var (step, change, curvature) in _steps)
        {
            TensorPrimitives.MultiplyAdd(step, shares.Pop() - (TensorPrimitives.Dot<double>(change, direction) / curvature), direction, direction);
        }

        return direction;
    }
}
