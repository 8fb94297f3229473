using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// Axis 0 of everything that is computed from images. An exported network takes any number of them, so its operators may not work along
/// that axis: what they do to the images of the traced batch says nothing about a batch of another size. Weights, and what is computed of
/// nothing else, have no such axis.
/// </summary>
internal sealed class BatchAxis
{
    private readonly HashSet<Tensor> _ofWeights = [];
    private int _images = 1;

    /// <summary>Says that a tensor has an image a row.</summary>
    public void Know(Tensor input) => _images = input.Shape[0];

    /// <summary>Throws if an operator works along the axis.</summary>
    /// <exception cref="DptException">Usage: it does; the message names it.</exception>
    public void RequireUntouched(TracedOperator run)
    {
        // Repeated weights stand beside images of a batch, and would be as many as were traced.
        if (run is TracedExpand { Axis: 0 })
        {
            throw Refuse("Expand", run);
        }

        if (Operands(run) is { } operands && operands.All(IsOfWeights))
        {
            _ofWeights.Add(run.Output);
        }
        else if (AlongTheAxis(run) is { } name)
        {
            throw Refuse(name, run);
        }
    }

    /// <summary>What a primitive takes; null for the operators of networks, whose results are images.</summary>
    private static IEnumerable<Tensor>? Operands(TracedOperator run) => run switch
    {
        TracedMap map => map.B is null ? [map.A] : [map.A, map.B],
        TracedReduction reduction => [reduction.X],
        TracedReshape reshape => [reshape.X],
        TracedTranspose transpose => [transpose.X],
        TracedExpand expand => [expand.X],
        TracedSlice slice => [slice.X],
        TracedPlacement placement => placement.Parts.Select(part => part.X),
        _ => null,
    };

    /// <summary>The name of an operator that works along axis 0, null for all others.</summary>
    private string? AlongTheAxis(TracedOperator run) => run switch
    {
        TracedMap map when map.B is not null && IsOfWeights(map.A) != IsOfWeights(map.B) => $"{map.Function} of images and weights",
        TracedReduction { Axis: 0 } reduction => reduction.Reduction.ToString(),
        TracedReshape when run.Output.Shape[0] % _images != 0 => "Reshape",
        TracedTranspose transpose when transpose.Axis != transpose.Other && (transpose.Axis == 0 || transpose.Other == 0) => "Transpose",
        TracedSlice { Axis: 0 } => "Slice",
        TracedPlacement { Axis: 0 } placement => placement.Parts.Count > 1 ? "Concat" : "Pad",
        _ => null,
    };

    private bool IsOfWeights(Tensor tensor) => tensor is Parameter || _ofWeights.Contains(tensor);

    private static DptException Refuse(string name, TracedOperator run) => new(
        FailureKind.Usage,
        $"{name}, which gives {run.Output.Shape}, works along axis 0, where the images of a batch are: such a network cannot be exported, as it would take no other batch");
}
