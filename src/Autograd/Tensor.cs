using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// A float array on a device with its shape, and a place for its gradient. Tensors made while a tape works belong to
/// the tape; parameters belong to their store; constants look at memory that somebody else owns.
/// </summary>
public class Tensor
{
    private readonly DeviceBuffer<float>? _owned;
    private readonly Slice<float> _view;
    private DeviceBuffer<float>? _gradient;
    private DeviceBuffer<BFloat16>? _rounded;
    private nint _roundedFrom;

    internal Tensor(TensorShape shape, DeviceBuffer<float> owned, bool needsGradient)
    {
        Shape = shape;
        _owned = owned;
        NeedsGradient = needsGradient;
    }

    /// <summary>A tensor that is kept in bf16 alone: nothing but products ever reads it.</summary>
    internal Tensor(TensorShape shape, DeviceBuffer<BFloat16> rounded)
    {
        Shape = shape;
        _rounded = rounded;
    }

    internal Tensor(TensorShape shape, Slice<float> view)
    {
        if (view.Length != shape.Count)
        {
            throw new ArgumentException($"{view.Length} elements for a tensor of shape {shape}");
        }

        Shape = shape;
        _view = view;
    }

    private protected Tensor(TensorShape shape, bool needsGradient)
    {
        Shape = shape;
        NeedsGradient = needsGradient;
    }

    /// <summary>The sizes.</summary>
    public TensorShape Shape { get; }

    /// <summary>Whether a backward pass brings a gradient here.</summary>
    public bool NeedsGradient { get; internal set; }

    /// <summary>The elements, row-major; empty where only products read them and their rounding alone is kept.</summary>
    public virtual Slice<float> Data => _owned?.Slice ?? _view;

    /// <summary>Whether a gradient has arrived.</summary>
    public virtual bool HasGradient => _gradient is not null;

    /// <summary>The gradient, laid out like <see cref="Data"/>.</summary>
    /// <exception cref="InvalidOperationException">None has arrived.</exception>
    public virtual Slice<float> Gradient =>
        _gradient?.Slice ?? throw new InvalidOperationException($"tensor {Shape} has no gradient");

    /// <summary>Whether a kernel is putting the gradient in place just now (<see cref="GradientSink"/>).</summary>
    internal bool IsSink { get; set; }

    /// <summary>
    /// The memory for the gradient of a tensor that needs one, and whether something has arrived there (another use of the
    /// tensor was first) or every element has to be written. For <see cref="GradientSink"/>.
    /// </summary>
    internal virtual Slice<float> GradientTarget(Device device, out bool accumulate)
    {
        accumulate = _gradient is not null;
        _gradient ??= device.Allocate<float>(Shape.Count);
        return _gradient.Slice;
    }

    /// <summary>
    /// Adds this tensor's gradient to that of <paramref name="other"/>, of the same shape, if it needs one. If the other has
    /// none yet the memory changes hands, so that a residual connection costs nothing; this tensor's gradient is gone then.
    /// </summary>
    internal void PassGradientTo(Tensor other, Device device)
    {
        if (!other.NeedsGradient)
        {
            return;
        }

        if (!other.HasGradient)
        {
            (other._gradient, _gradient) = (_gradient, null);
            return;
        }

        other.AddToGradient(Gradient, device);
    }

    /// <summary>Adds numbers to the gradient, or makes them the gradient where none has arrived.</summary>
    internal void AddToGradient(Slice<float> addend, Device device)
    {
        var target = GradientTarget(device, out var accumulate);
        device.Run(ElementwiseOperators.Axpby, new AxpbyCall
        {
            Count = Shape.Count,
            Alpha = 1,
            Beta = accumulate ? 1 : 0,
            X = addend,
            Y = target,
        });
    }

    /// <summary>Whether a rounding of the elements is kept.</summary>
    internal bool IsRounded => _rounded is not null;

    /// <summary>The elements rounded to bf16: made where it is first asked for, or again where the elements are others now.</summary>
    internal Slice<BFloat16> RoundedData(Device device)
    {
        if (Data is { IsEmpty: false } floats && (_rounded is null || _roundedFrom != floats.Address))
        {
            _rounded ??= device.Allocate<BFloat16>(Shape.Count);
            _roundedFrom = floats.Address;
            device.Round(floats, _rounded.Slice);
        }

        return _rounded!.Slice;
    }

    /// <summary>Forgets the rounding: the elements may be others from now on.</summary>
    internal void ReleaseRounding()
    {
        _rounded?.Dispose();
        _rounded = null;
    }

    /// <summary>Gives the memory back.</summary>
    internal void Release()
    {
        _owned?.Dispose();
        _gradient?.Dispose();
        _gradient = null;
        ReleaseRounding();
    }
}
