using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Positions for views of another size (<see cref="PositionGrid"/>) as a product with a constant matrix, so that what is learned there is
/// learned for the table that there is.
/// </summary>
internal sealed class ViewPositions : IDisposable
{
    private readonly int _from;
    private readonly int _to;
    private readonly DeviceBuffer<float> _matrix;

    /// <summary>Prepares for views of one size.</summary>
    /// <param name="device">Where.</param>
    /// <param name="from">Patches along a side of the images that the positions are for.</param>
    /// <param name="to">Patches along a side of the views.</param>
    public ViewPositions(Device device, int from, int to)
    {
        (_from, _to) = (from, to);
        _matrix = device.Upload<float>(PositionGrid.Matrix(from, to));
    }

    /// <summary>Positions of class token and patches, [1, 1 + from from, D], as [1, 1 + to to, D]; the class token keeps its own.</summary>
    public Tensor Of(Tape tape, Tensor positions)
    {
        var (old, others, width) = (_from * _from, _to * _to, positions.Shape.Last);
        var patches = tape.Reshape(tape.Slice(positions, axis: 1, start: 1, old), new TensorShape(old, width));
        var resized = tape.Linear(Tape.Constant(new TensorShape(others, old), _matrix.Slice), tape.Transpose(patches, 0, 1));
        return tape.Concat(
            1, tape.Slice(positions, axis: 1, start: 0, length: 1), tape.Reshape(resized, new TensorShape(1, others, width)));
    }

    public void Dispose() => _matrix.Dispose();
}
