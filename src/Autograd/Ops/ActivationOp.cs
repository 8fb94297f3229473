using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>y = act(x), by itself: where no matrix product can fold it in.</summary>
public static class ActivationOp
{
    /// <summary>Applies the function to every element.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Any shape.</param>
    /// <param name="function"><see cref="Activation.None"/> copies.</param>
    /// <returns>Shaped like x.</returns>
    public static Tensor Activate(this Tape tape, Tensor x, Activation function)
    {
        var result = Apply(x, gradient: default);
        tape.Observer?.Ran(new TracedActivation(result, x, function));
        return tape.Record(result, (x, (g, _) => Apply(x, g.Data)));

        Tensor Apply(Tensor input, Slice<float> gradient)
        {
            var y = tape.New(input.Shape);
            tape.Device.Run(ElementwiseOperators.Activation, new ActivationCall
            {
                Count = input.Shape.Count,
                Function = function,
                X = input.Data,
                Gradient = gradient,
                Y = y.Data,
            });
            return y;
        }
    }
}
