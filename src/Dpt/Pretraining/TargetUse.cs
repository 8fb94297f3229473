using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What targets say of the training: how sure they are, and how many prototypes are in use.</summary>
/// <param name="Largest">The largest share that each image gives to a prototype, [B, 1].</param>
/// <param name="Used">Prototypes that are the first choice of some image, [1, 1].</param>
internal sealed record TargetUse(Tensor Largest, Tensor Used)
{
    /// <summary>Computes both; nothing has a gradient.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="targets">[B, P].</param>
    public static TargetUse Of(Tape tape, Tensor targets)
    {
        var largest = tape.Max(targets, axis: 1);
        var isFirst = tape.New(targets.Shape);
        tape.Device.Run(PrimitiveOperators.Map, new MapCall
        {
            Count = targets.Shape.Count,
            Function = MapFunction.Equal,
            A = targets.Data,
            B = tape.Expand(largest, axis: 1, targets.Shape[1]).Data,
            Y = isFirst.Data,
        });
        return new TargetUse(largest, tape.Sum(tape.Max(isFirst, axis: 0), axis: 1));
    }
}
