using DPT.Engine.Autograd;
using DPT.Engine.Kernels;
using DPT.Engine.TestSupport;

namespace Autograd.Tests;

/// <summary>What an input of an operator is.</summary>
public enum InputRole
{
    /// <summary>A parameter.</summary>
    Learned,

    /// <summary>Computed from a parameter: its gradient is fresh memory.</summary>
    Computed,

    /// <summary>A parameter that is frozen.</summary>
    Frozen,

    /// <summary>Memory of the caller.</summary>
    Constant,
}

/// <summary>One training step of an operator's example: forward, squared error, backward, and what is left behind.</summary>
internal sealed class OperatorRun : IDisposable
{
    private readonly OperatorExample _example;
    private readonly Dictionary<string, DeviceBuffer<float>> _constants = [];
    private readonly Dictionary<string, Parameter> _parameters = [];
    private readonly Dictionary<string, float[]> _values = [];
    private readonly Func<string, InputRole> _roles;
    private readonly (string First, string Second)? _shared;

    /// <param name="example">The operator and its inputs.</param>
    /// <param name="roles">What each input is.</param>
    /// <param name="equal">Two inputs with the same values.</param>
    /// <param name="sharesTensor">Whether the first of them stands for the second too.</param>
    public OperatorRun(
        OperatorExample example,
        Func<string, InputRole> roles,
        (string First, string Second)? equal = null,
        bool sharesTensor = false)
    {
        (_example, _roles, _shared) = (example, roles, sharesTensor ? equal : null);
        Store = new ParameterStore(Device);
        foreach (var (input, index) in example.Inputs.Select((input, index) => (input, index)))
        {
            var shape = new TensorShape(input.Shape);
            _values[input.Name] = input.Name == equal?.Second
                ? _values[equal.Value.First]
                : Numbers((int)shape.Count, index, example.Positive.Contains(input.Name));
            if (roles(input.Name) == InputRole.Constant)
            {
                _constants[input.Name] = Device.Upload<float>(_values[input.Name]);
            }
            else
            {
                _parameters[input.Name] = Store.Add(input.Name, shape, Initializer.Zero);
            }
        }

        // At least one parameter, so that there is a flat buffer.
        Store.Add("other", new TensorShape(1), Initializer.One);
        Store.Initialize(1);
        foreach (var (name, parameter) in _parameters)
        {
            Device.CopyIn<float>(_values[name], parameter.Data);
            if (roles(name) == InputRole.Frozen)
            {
                Store.Freeze(name);
            }
        }
    }

    public HostDevice Device { get; } = new(threads: 2, selection: new KernelSelection());

    public ParameterStore Store { get; }

    /// <summary>Operator calls of the last backward pass.</summary>
    public int BackwardCalls { get; private set; }

    /// <summary>The gradient of every input that is a parameter, also of those that need none.</summary>
    public Dictionary<string, float[]> Gradients =>
        _parameters.ToDictionary(p => p.Key, p => Device.Download(p.Value.Gradient));

    /// <summary>Forward and backward, so many uses of the same inputs on one tape; everything but gradients is as before.</summary>
    public Dictionary<string, float[]> Step(int uses = 1)
    {
        var (blocks, bytes) = (Device.Memory.LiveBlocks, Device.Memory.LiveBytes);
        using (var tape = new Tape(Device))
        using (var inputs = Bind(tape, out var tensors))
        {
            for (var use = 0; use < uses; use++)
            {
                Loss(tape, inputs);
            }

            Device.Profile = new OperatorProfile();
            tape.Backward();
            BackwardCalls = (int)Device.Profile.Rows.Sum(row => row.Calls);
            Device.Profile = null;
            foreach (var (name, tensor) in tensors.Where(t => t.Value is not Parameter))
            {
                Assert.That(tensor.HasGradient, Is.False, $"'{name}' keeps a gradient");
            }
        }

        foreach (var (name, parameter) in _parameters)
        {
            Assert.That(Device.Download(parameter.Data), Is.EqualTo(_values[name]), $"'{name}' was changed");
        }

        Assert.That(Device.Memory.LiveBlocks, Is.EqualTo(blocks), "blocks of memory leaked");
        Assert.That(Device.Memory.LiveBytes, Is.EqualTo(bytes), "memory leaked");
        return Gradients;
    }

    /// <summary>The operator's inputs on a tape, in their roles.</summary>
    public OperatorInputs Bind(Tape tape, out Dictionary<string, Tensor> tensors)
    {
        tensors = _example.Inputs.ToDictionary(input => input.Name, input => _roles(input.Name) switch
        {
            InputRole.Constant => Tape.Constant(new TensorShape(input.Shape), _constants[input.Name].Slice),
            InputRole.Computed => tape.Reshape(_parameters[input.Name], new TensorShape(input.Shape)),
            _ => _parameters[input.Name],
        });
        if (_shared is { } shared)
        {
            tensors[shared.Second] = tensors[shared.First];
        }

        return new OperatorInputs(Device, tensors);
    }

    /// <summary>The losses of the example: its own, or its squared distance from some numbers.</summary>
    public Tensor Loss(Tape tape, OperatorInputs inputs)
    {
        var result = _example.Run(tape, inputs);
        return _example.IsLoss
            ? result
            : tape.SquaredError(result, inputs.Floats(Numbers((int)result.Shape.Count, 77)), scale: 1);
    }

    public void Dispose()
    {
        Store.Dispose();
        _constants.Values.ToList().ForEach(constant => constant.Dispose());
        Assert.That(Device.Memory.LiveBlocks, Is.Zero, "device memory leaked");
        Device.Dispose();
    }

    private static float[] Numbers(int count, int sample, bool isPositive = false)
    {
        var random = new PhiloxStream(11, 3, sample);
        return [.. Enumerable.Range(0, count).Select(_ => isPositive ? 0.5f + random.NextUniform() : random.NextNormal())];
    }
}
