using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>How a filter moves over images: PyTorch's stride, padding and groups, with padding of its own on every side.</summary>
/// <param name="Stride">Pixels from one position to the next, in either direction, 1 to 1024.</param>
/// <param name="Padding">Lines and columns of zeros on every side, 0 to 1024.</param>
/// <param name="Groups">Groups that channels and output channels are cut into.</param>
public sealed record Conv2dOptions(int Stride = 1, int Padding = 0, int Groups = 1)
{
    private readonly int? _top;
    private readonly int? _bottom;
    private readonly int? _left;
    private readonly int? _right;

    /// <summary>Lines of zeros above; <see cref="Padding"/> unless it is given.</summary>
    public int Top { get => _top ?? Padding; init => _top = value; }

    /// <summary>Lines of zeros below; <see cref="Padding"/> unless it is given.</summary>
    public int Bottom { get => _bottom ?? Padding; init => _bottom = value; }

    /// <summary>Columns of zeros to the left; <see cref="Padding"/> unless it is given.</summary>
    public int Left { get => _left ?? Padding; init => _left = value; }

    /// <summary>Columns of zeros to the right; <see cref="Padding"/> unless it is given.</summary>
    public int Right { get => _right ?? Padding; init => _right = value; }

    /// <summary>The sizes of a convolution of images [B,H,W,C] by a filter [C',kh,kw,C/g].</summary>
    internal ConvolutionShape SizesFor(TensorShape x, TensorShape weight) => new(
        x[0], x[3], weight[0],
        new WindowAxis(x[1], weight[1], Stride, Top, Bottom),
        new WindowAxis(x[2], weight[2], Stride, Left, Right),
        Groups);
}
