using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// A float array on a device with its shape, and a place for its gradient. Tensors made while a tape works belong to
/// the tape; parameters belong to their store; constants look at memory that somebody else owns.
/// </summary>
/// <remarks>
/// On a device that multiplies bf16 (<see cref="Precision"/>) elements have a second form beside floats, each made of the other where it
/// is first asked for. Floats are rounded for products; what is made for products alone is kept in bf16, and so is its gradient.
/// </remarks>
public class Tensor
{
    private readonly Slice<float> _view;

    /// <summary>Where the elements are kept in bf16; null where they are floats.</summary>
    private Device? _keeper;
    private DeviceBuffer<float>? _owned;
    private DeviceBuffer<BFloat16>? _rounded;
    private (nint Address, long Version) _roundedFrom;
    private DeviceBuffer<float>? _gradient;
    private DeviceBuffer<BFloat16>? _roundedGradient;

    internal Tensor(TensorShape shape, DeviceBuffer<float> owned, bool needsGradient)
    {
        Shape = shape;
        _owned = owned;
        NeedsGradient = needsGradient;
    }

    /// <summary>A tensor that is kept in bf16.</summary>
    internal Tensor(TensorShape shape, DeviceBuffer<BFloat16> rounded, Device keeper)
    {
        Shape = shape;
        _rounded = rounded;
        _keeper = keeper;
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

    /// <summary>The elements, row-major.</summary>
    public virtual Slice<float> Data => _keeper is null
        ? _owned?.Slice ?? _view
        : (_owned ??= _keeper.Widen(_rounded!.Slice)).Slice;

    /// <summary>
    /// The elements as floats, which the caller changes in the forward pass: from now on they, and their gradient, are kept as floats, and
    /// no rounding of them is.
    /// </summary>
    internal Slice<float> DataToChange
    {
        get
        {
            var floats = Data;
            _keeper = null;
            DropRounding();
            return floats;
        }
    }

    /// <summary>Whether a gradient has arrived.</summary>
    public virtual bool HasGradient => _gradient is not null || _roundedGradient is not null;

    /// <summary>The gradient, laid out like <see cref="Data"/>.</summary>
    /// <exception cref="InvalidOperationException">None has arrived.</exception>
    public virtual Slice<float> Gradient => _gradient is null && _roundedGradient is not null
        ? (_gradient = _keeper!.Widen(_roundedGradient.Slice)).Slice
        : _gradient?.Slice ?? throw new InvalidOperationException($"tensor {Shape} has no gradient");

    /// <summary>The elements as a factor of products, in the precision of the device.</summary>
    internal Factor AsFactor(Device device) => device.Precision == Precision.Fp32
        ? new Factor(Data, default)
        : new Factor(_keeper is null ? Data : default, Rounded(device));

    /// <summary>Where a product puts the elements: one of the two.</summary>
    internal Factor AsResult => _keeper is null ? new Factor(Data, default) : new Factor(default, _rounded!.Slice);

    /// <summary>Another number whenever the elements are others: those of a parameter are, after a step of an optimiser.</summary>
    private protected virtual long Version => 0;

    /// <summary>Whether the rounding of elements that are floats is kept.</summary>
    internal bool KeepsRounding => _keeper is null && _rounded is not null;

    /// <summary>The gradient that was put into <see cref="NewRoundedGradient"/>, if no other has arrived since; empty for all others.</summary>
    internal Slice<BFloat16> RoundedGradient => _roundedGradient?.Slice ?? default;

    /// <summary>The gradient that has arrived, as it is kept: one of the two.</summary>
    internal Factor ArrivedGradient => RoundedGradient.IsEmpty ? new Factor(Gradient, default) : new Factor(default, RoundedGradient);

    /// <summary>Whether the gradient can be kept in bf16: that of what is kept so itself, the first that arrives.</summary>
    internal bool TakesRoundedGradient => NeedsGradient && _keeper is not null && !HasGradient;

    /// <summary>Whether a kernel is putting the gradient in place just now (<see cref="GradientSink"/>).</summary>
    internal bool IsSink { get; set; }

    /// <summary>
    /// The memory for the gradient of a tensor that needs one, and whether something has arrived there (another use of the
    /// tensor was first) or every element has to be written. For <see cref="GradientSink"/>.
    /// </summary>
    internal virtual Slice<float> GradientTarget(Device device, out bool accumulate)
    {
        accumulate = HasGradient;
        _gradient ??= accumulate ? _keeper!.Widen(_roundedGradient!.Slice) : device.Allocate<float>(Shape.Count);
        DropRoundedGradient();
        return _gradient.Slice;
    }

    /// <summary>The memory for a gradient in bf16, every element to be written, of a tensor that takes one.</summary>
    internal Slice<BFloat16> NewRoundedGradient(Device device) =>
        (_roundedGradient = device.Allocate<BFloat16>(Shape.Count)).Slice;

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
            _ = Gradient;
            DropRoundedGradient();
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

    /// <summary>Forgets the rounding of elements that are floats: they may be others from now on.</summary>
    internal void DropRounding()
    {
        if (KeepsRounding)
        {
            _rounded!.Dispose();
            _rounded = null;
        }
    }

    /// <summary>Gives the memory back.</summary>
    internal void Release()
    {
        _owned?.Dispose();
        _rounded?.Dispose();
        _gradient?.Dispose();
        _gradient = null;
        DropRoundedGradient();
    }

    /// <summary>The elements in bf16; rounded where that is first asked for, or again where the floats lie elsewhere or are others now.</summary>
    private Slice<BFloat16> Rounded(Device device)
    {
        if (_keeper is null && (_rounded is null || _roundedFrom != (Data.Address, Version)))
        {
            _rounded ??= device.Allocate<BFloat16>(Shape.Count);
            _roundedFrom = (Data.Address, Version);
            device.Round(Data, _rounded.Slice);
        }

        return _rounded!.Slice;
    }

    private void DropRoundedGradient()
    {
        _roundedGradient?.Dispose();
        _roundedGradient = null;
    }
}
