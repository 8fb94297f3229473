using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// All parameters of a model in one flat buffer, their gradients in a second: an optimiser is one pass over memory, a
/// checkpoint one walk over names. What a model keeps and no optimiser knows (<see cref="ModelBuffer"/>) lies in a third. Add
/// parameters and buffers, then <see cref="Initialize"/>.
/// </summary>
public sealed class ParameterStore : IDisposable
{
    /// <summary>Parameters start on cache lines; the gaps hold zeros and stay zero.</summary>
    private const long Alignment = 16;

    private readonly List<Parameter> _parameters = [];
    private readonly List<ModelBuffer> _buffers = [];
    private readonly Dictionary<string, Parameter> _byName = [];
    private DeviceBuffer<float>? _values;
    private DeviceBuffer<float>? _gradients;
    private DeviceBuffer<float>? _bufferValues;
    private Slice<float> _substitute;
    private (long Start, long Length)[]? _learningRanges;
    private (long Start, long Length)[]? _learningRangesOutsideMatrices;

    /// <summary>A store on a device.</summary>
    public ParameterStore(Device device) => Device = device;

    /// <summary>Where the parameters live.</summary>
    public Device Device { get; }

    /// <summary>The parameters in the order of registration, which is the order in the buffer.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>The buffers in the order of registration.</summary>
    public IReadOnlyList<ModelBuffer> Buffers => _buffers;

    /// <summary>Number of learned numbers, gaps not counted.</summary>
    public long Count => _parameters.Sum(p => p.Shape.Count);

    /// <summary>Number of elements in a flat buffer, gaps counted.</summary>
    public long FlatLength { get; private set; }

    /// <summary>
    /// The ranges of a flat buffer that an optimiser changes: those of the parameters that are not frozen with the gaps behind them,
    /// neighbours in one; the whole buffer if none is frozen.
    /// </summary>
    internal (long Start, long Length)[] LearningRanges => _learningRanges ??= [.. Ranges(p => p.NeedsGradient)];

    /// <summary>The same without hidden matrices (<see cref="Parameter.IsHidden"/>).</summary>
    internal (long Start, long Length)[] LearningRangesOutsideMatrices =>
        _learningRangesOutsideMatrices ??= [.. Ranges(p => p.NeedsGradient && !p.IsHidden)];

    /// <summary>The weights that modules see: the flat buffer, or a substitute while one is in use.</summary>
    public Slice<float> Values => _substitute.IsEmpty ? Require(_values).Slice : _substitute;

    /// <summary>How often the values have changed: roundings of older ones are not used any more.</summary>
    internal long Version { get; private set; }

    /// <summary>The gradients.</summary>
    public Slice<float> Gradients => Require(_gradients).Slice;

    /// <summary>The parameter of that name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Parameter this[string name] => _byName.TryGetValue(name, out var found)
        ? found
        : throw new KeyNotFoundException($"the model has no parameter '{name}'");

    /// <summary>Registers a parameter.</summary>
    /// <param name="name">Unique dotted name.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="initializer">Starting values.</param>
    /// <param name="decays">Whether weight decay applies where norms and biases are excluded.</param>
    /// <param name="isHidden">Whether it is a hidden matrix, see <see cref="Parameter.IsHidden"/>.</param>
    /// <exception cref="ArgumentException">The name is taken, or a hidden matrix is no matrix.</exception>
    public Parameter Add(string name, TensorShape shape, Initializer initializer, bool decays = true, bool isHidden = false)
    {
        var parameter = new Parameter(this, name, shape, initializer, decays, isHidden) { Offset = FlatLength };
        RequireFree(name);
        _byName.Add(name, parameter);
        _parameters.Add(parameter);
        FlatLength += Aligned(shape);
        return parameter;
    }

    /// <summary>Registers a buffer.</summary>
    /// <param name="name">Unique dotted name.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="value">What every element starts as.</param>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public ModelBuffer AddBuffer(string name, TensorShape shape, float value)
    {
        RequireFree(name);
        var offset = _buffers.Count == 0 ? 0 : _buffers[^1].Offset + Aligned(_buffers[^1].Shape);
        var buffer = new ModelBuffer(this, name, shape, value) { Offset = offset };
        _buffers.Add(buffer);
        return buffer;
    }

    /// <summary>
    /// Stops learning: no operator brings a gradient to these parameters any more, what had arrived is dropped, and an
    /// optimiser passes them by: no update, no decay, no change of moments or average. Files hold them as before.
    /// </summary>
    /// <remarks>
    /// It holds from the next forward pass on; a tape with recorded operators, and captured work, go on as they began.
    /// </remarks>
    /// <param name="part">Name of a parameter, or of a part of the model with all parameters below; empty for all.</param>
    /// <exception cref="ArgumentException">The model has no such part.</exception>
    public void Freeze(string part)
    {
        foreach (var parameter in Find(part))
        {
            parameter.NeedsGradient = false;
            if (_gradients is not null)
            {
                Device.Clear(parameter.Gradient);
            }
        }

        _learningRanges = _learningRangesOutsideMatrices = null;
    }

    /// <summary>
    /// Lets frozen parameters learn again, with the moments they had; corrections of bias count all steps of the optimiser.
    /// </summary>
    /// <param name="part">As for <see cref="Freeze"/>.</param>
    /// <exception cref="ArgumentException">The model has no such part.</exception>
    public void Unfreeze(string part)
    {
        foreach (var parameter in Find(part))
        {
            parameter.NeedsGradient = true;
        }

        _learningRanges = _learningRangesOutsideMatrices = null;
    }

    /// <summary>
    /// Allocates the memory, once, and draws the starting values from <paramref name="seed"/>; gradients are zero.
    /// </summary>
    public void Initialize(ulong seed)
    {
        _values ??= AllocateFlat();
        _gradients ??= AllocateFlat();
        Device.Clear(Gradients);
        _learningRanges = _learningRangesOutsideMatrices = null;
        if (Device is not CountingDevice)
        {
            // It would keep none of the numbers, and there may be half a billion.
            Draw(seed);
        }

        if (_buffers.Count > 0)
        {
            _bufferValues ??= Device.Allocate<float>(_buffers[^1].Offset + Aligned(_buffers[^1].Shape));
            _buffers.ForEach(buffer => Device.CopyIn<float>([.. Enumerable.Repeat(buffer.Value, (int)buffer.Shape.Count)], buffer.Data));
        }
    }

    private void Draw(ulong seed)
    {
        for (var index = 0; index < _parameters.Count; index++)
        {
            var parameter = _parameters[index];
            var values = new float[parameter.Shape.Count];
            parameter.Initializer.Fill(values, seed, index);
            Device.CopyIn<float>(values, parameter.Data);
        }
    }

    /// <summary>A zeroed flat buffer with the layout of this store: moments, averages.</summary>
    public DeviceBuffer<float> AllocateFlat()
    {
        var flat = Device.Allocate<float>(FlatLength);
        Device.Clear(flat.Slice);
        return flat;
    }

    /// <summary>A flat buffer that is 1 on parameters that decay and 0 elsewhere.</summary>
    public DeviceBuffer<float> AllocateDecayMask()
    {
        var mask = new float[FlatLength];
        foreach (var parameter in _parameters.Where(p => p.Decays))
        {
            mask.AsSpan((int)parameter.Offset, (int)parameter.Shape.Count).Fill(1);
        }

        return Device.Upload<float>(mask);
    }

    /// <summary>The values are others now.</summary>
    internal void NoteChange() => Version++;

    /// <summary>Lets the modules see other weights (a moving average) until the result is disposed.</summary>
    public IDisposable Substitute(Slice<float> values)
    {
        if (values.Length != FlatLength)
        {
            throw new ArgumentException($"{values.Length} substitute weights for a flat buffer of {FlatLength}");
        }

        var previous = _substitute;
        _substitute = values;
        return new Restore(() => _substitute = previous);
    }

    /// <summary>The first parameter for which a flat buffer holds a number that is not finite; null if there is none.</summary>
    public Parameter? FindNonFinite(Slice<float> flat) => _parameters.Find(
        p => !Array.TrueForAll(Device.Download(flat.Range(p.Offset, p.Shape.Count)), float.IsFinite));

    /// <summary>Copies a flat buffer out by name: with the model's buffers as they are, the state dictionary of a model with these weights.</summary>
    /// <param name="flat">Weights, an average of them, or something else that is laid out like them.</param>
    /// <param name="withBuffers">Whether it is weights: moments, for one, have no buffers beside them.</param>
    public Dictionary<string, (TensorShape Shape, float[] Values)> Export(Slice<float> flat, bool withBuffers = true) =>
        Named(withBuffers).ToDictionary(
            t => t.Name, t => (t.Tensor.Shape, Device.Download(t.Tensor is Parameter p ? flat.Range(p.Offset, p.Shape.Count) : t.Tensor.Data)));

    /// <summary>Throws unless a state dictionary is of this model.</summary>
    /// <param name="state">Tensors by name.</param>
    /// <param name="withBuffers">As for <see cref="Export"/>.</param>
    /// <exception cref="ArgumentException">A name is missing or unknown, or a shape differs; the message lists them.</exception>
    public void RequireFit(IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)> state, bool withBuffers = true)
    {
        var own = Named(withBuffers).ToDictionary(t => t.Name, t => t.Tensor.Shape);
        var wrong = own.Keys.Where(name => !state.ContainsKey(name)).Select(name => $"'{name}' is missing")
            .Concat(state.Keys.Where(name => !own.ContainsKey(name)).Select(name => $"'{name}' is unknown"))
            .Concat(own.Where(t => state.TryGetValue(t.Key, out var v) && v.Shape != t.Value)
                .Select(t => $"'{t.Key}' is {state[t.Key].Shape}, the model has {t.Value}"))
            .ToList();
        if (wrong.Count > 0)
        {
            throw new ArgumentException(
                $"weights do not fit the model: {string.Join("; ", wrong.Take(5))}"
                + (wrong.Count > 5 ? $"; and {wrong.Count - 5} more" : ""));
        }
    }

    /// <summary>Copies a state dictionary into a flat buffer, and into the model's buffers.</summary>
    /// <param name="flat">As for <see cref="Export"/>.</param>
    /// <param name="state">Tensors by name.</param>
    /// <param name="withBuffers">As for <see cref="Export"/>.</param>
    /// <exception cref="ArgumentException">It is not of this model, see <see cref="RequireFit"/>.</exception>
    public void Import(
        Slice<float> flat, IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)> state, bool withBuffers = true)
    {
        RequireFit(state, withBuffers);
        NoteChange();
        foreach (var (name, tensor) in Named(withBuffers))
        {
            Device.CopyIn<float>(state[name].Values, tensor is Parameter p ? flat.Range(p.Offset, p.Shape.Count) : tensor.Data);
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        _bufferValues?.Dispose();
        _values?.Dispose();
        _gradients?.Dispose();
    }

    /// <summary>Where a buffer lies.</summary>
    internal Slice<float> DataOf(ModelBuffer buffer) => Require(_bufferValues).Slice.Range(buffer.Offset, buffer.Shape.Count);

    /// <summary>What a state dictionary has: parameters, then buffers.</summary>
    private IEnumerable<(string Name, Tensor Tensor)> Named(bool withBuffers) =>
        _parameters.Select(p => (p.Name, (Tensor)p)).Concat(withBuffers ? _buffers.Select(b => (b.Name, (Tensor)b)) : []);

    private static long Aligned(TensorShape shape) => (shape.Count + Alignment - 1) / Alignment * Alignment;

    private void RequireFree(string name)
    {
        if (_values is not null)
        {
            throw new InvalidOperationException($"parameter '{name}' comes after the store was initialised");
        }

        if (_byName.ContainsKey(name) || _buffers.Exists(buffer => buffer.Name == name))
        {
            throw new ArgumentException($"the model has two parameters named '{name}'");
        }
    }

    /// <summary>The ranges of some parameters with the gaps behind them, neighbours in one.</summary>
    private IEnumerable<(long Start, long Length)> Ranges(Predicate<Parameter> include)
    {
        for (var first = 0; first < _parameters.Count; first++)
        {
            if (include(_parameters[first]))
            {
                var next = _parameters.FindIndex(first, p => !include(p));
                var end = next < 0 ? FlatLength : _parameters[next].Offset;
                yield return (_parameters[first].Offset, end - _parameters[first].Offset);
                first = next < 0 ? _parameters.Count : next;
            }
        }
    }

    private List<Parameter> Find(string part)
    {
        var found = _parameters.FindAll(
            p => part.Length == 0 || p.Name == part || p.Name.StartsWith(part + ".", StringComparison.Ordinal));
        return found.Count > 0 ? found : throw new ArgumentException($"the model has no parameter in '{part}'");
    }

    private static DeviceBuffer<float> Require(DeviceBuffer<float>? buffer) =>
        buffer ?? throw new InvalidOperationException("the parameter store was not initialised");

    private sealed class Restore(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}
