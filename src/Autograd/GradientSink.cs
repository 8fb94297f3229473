using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// The place where a backward kernel puts the gradient of one input, for as long as the kernel runs: the one seam between
/// kernels, which know addresses, and tensors, which may need no gradient, have one already, or stand for two inputs. What a
/// kernel can do with the place says how it is opened. An input that needs no gradient gives memory that is thrown away, for
/// kernels that cannot leave a result out; operators that can, ask <see cref="Tensor.NeedsGradient"/> first.
/// </summary>
internal readonly ref struct GradientSink : IDisposable
{
    private readonly Device _device;
    private readonly Tensor _input;
    private readonly DeviceBuffer<float>? _aside;

    private GradientSink(Device device, Tensor input, bool adds, bool writes)
    {
        (_device, _input) = (device, input);
        if (input.NeedsGradient && !input.IsSink && (adds || !input.HasGradient))
        {
            input.IsSink = true;
            Target = input.GradientTarget(device, out var hasGradient);
            Accumulate = hasGradient;
        }
        else
        {
            _aside = device.Allocate<float>(input.Shape.Count);
            Target = _aside.Slice;
        }

        if (!writes && !Accumulate)
        {
            device.Clear(Target);
        }
    }

    /// <summary>Where the kernel puts the gradient, laid out like the input.</summary>
    public Slice<float> Target { get; }

    /// <summary>Whether the kernel must add to what is there; otherwise it may write every element.</summary>
    public bool Accumulate { get; }

    /// <summary>For a kernel that writes or adds, as <see cref="Accumulate"/> says.</summary>
    public static GradientSink Open(Device device, Tensor input) => new(device, input, adds: true, writes: true);

    /// <summary>For a kernel that only adds: zeros where nothing has arrived yet.</summary>
    public static GradientSink ForAdding(Device device, Tensor input) => new(device, input, adds: true, writes: false);

    /// <summary>For a kernel that only writes: beside what has arrived already, to which it is added in the end.</summary>
    public static GradientSink ForWriting(Device device, Tensor input) => new(device, input, adds: false, writes: true);

    /// <summary>Ends the use of the place: what lies aside joins the gradient, or goes.</summary>
    public void Dispose()
    {
        if (_aside is null)
        {
            _input?.IsSink = false;
            return;
        }

        if (_input.NeedsGradient)
        {
            _input.AddToGradient(Target, _device);
        }

        _aside.Dispose();
    }
}
