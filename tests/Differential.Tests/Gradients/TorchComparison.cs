using DPT.Engine.Autograd;
using DPT.Engine.Kernels;
using TorchSharp;
using ScalarType = TorchSharp.torch.ScalarType;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>
/// One computation written twice, on our tape and in PyTorch, over the same parameters: compares the result and the
/// gradient of every parameter, and what becomes of the model's buffers. The truth is PyTorch in double precision; PyTorch in float32 says what error is usual.
/// </summary>
/// <remarks>Inputs that need a gradient are parameters too.</remarks>
internal sealed class TorchComparison : IDisposable
{
    /// <summary>Factor on the loss in both worlds.</summary>
    public const float LossScale = 0.75f;

    private const string Result = "result";

    /// <summary>The sums in a network are longer, but what they add up to is in the library's error.</summary>
    private const int Terms = 16;

    private readonly Random _random = new(7);
    private readonly List<IDisposable> _inputs = [];
    private readonly List<Parameter> _positive = [];

    /// <summary>Whether nothing depends on the parameter of a name, so that PyTorch has no gradient of it.</summary>
    public Predicate<string> IsDead { get; init; } = _ => false;

    public HostDevice Device { get; } = new(threads: 2, selection: new KernelSelection());

    public ParameterStore Store => field ??= new ParameterStore(Device);

    /// <summary>A parameter; its values come when the comparison runs.</summary>
    public Parameter Add(string name, params int[] sizes) =>
        Store.Add(name, new TensorShape(sizes), Initializer.Normal(1 / MathF.Sqrt(sizes[^1])));

    /// <summary>The same, with values of 0.5 and more where they have to be positive.</summary>
    public Parameter Add(string name, bool isPositive, int[] sizes)
    {
        var parameter = Add(name, sizes);
        if (isPositive)
        {
            _positive.Add(parameter);
        }

        return parameter;
    }

    /// <summary>Normal numbers on our device.</summary>
    public (Slice<float> Ours, float[] Values) Numbers(int count)
    {
        var values = new float[count];
        Array.ForEach(Enumerable.Range(0, count).ToArray(), i => values[i] = Normal());
        return (Keep(Device.Upload<float>(values)), values);
    }

    /// <summary>Integers below a bound on our device.</summary>
    public (Slice<int> Ours, long[] Values) Labels(int count, int bound)
    {
        var values = Enumerable.Range(0, count).Select(_ => _random.Next(bound)).ToArray();
        return (Keep(Device.Upload<int>(values)), [.. values.Select(v => (long)v)]);
    }

    /// <summary>Compares a computation, with a squared error behind it for the gradients.</summary>
    public void Check(Func<Tape, Tensor> ours, Func<TorchParameters, TorchTensor> theirs)
    {
        (Slice<float> Ours, float[] Values)? target = null;
        CheckGradients(
            tape =>
            {
                var y = ours(tape);
                target ??= Numbers((int)y.Shape.Count);
                tape.SquaredError(y, target.Value.Ours, LossScale * y.Shape.Count / y.Shape[0]);
                return y;
            },
            parameters =>
            {
                var y = theirs(parameters);
                var error = y - parameters.Constant(target!.Value.Values, y.shape);
                return (y, (error * error).sum() * LossScale);
            });
    }

    /// <summary>Compares a loss: ours with the factor <see cref="LossScale"/>, theirs without.</summary>
    public void CheckLoss(Func<Tape, Tensor> ours, Func<TorchParameters, TorchTensor> theirs) => CheckGradients(
        ours,
        parameters =>
        {
            var losses = theirs(parameters);
            return (losses, losses.sum() * LossScale);
        });

    public void Dispose()
    {
        _inputs.ForEach(i => i.Dispose());
        Store.Dispose();
        Assert.That(Device.Memory.LiveBlocks, Is.Zero, "device memory leaked");
        Device.Dispose();
    }

    /// <summary>Compares a result, and the gradients of a loss that ours minimises.</summary>
    public void CheckGradients(
        Func<Tape, Tensor> ours, Func<TorchParameters, (TorchTensor Result, TorchTensor Loss)> theirs)
    {
        Store.Initialize(seed: 5);
        MoveFromStart();
        var (truthful, usual) = (new TorchParameters(Store, ScalarType.Float64), new TorchParameters(Store, ScalarType.Float32));
        var actual = RunOurs(ours);
        var truth = RunTorch(theirs, truthful);
        var library = RunTorch(theirs, usual);
        Assert.Multiple(() =>
        {
            foreach (var parameter in Store.Parameters)
            {
                Assert.That(truth.ContainsKey(parameter.Name), Is.Not.EqualTo(IsDead(parameter.Name)), $"gradient of '{parameter.Name}' in PyTorch");
                Assert.That(!IsDead(parameter.Name) || actual[parameter.Name].All(value => value == 0), $"'{parameter.Name}' is dead");
            }

            foreach (var (name, expected) in truth)
            {
                var yardstick = ErrorStats.Compare(library[name], expected, new Tolerance { Terms = Terms });
                var stats = ErrorStats.Compare(actual[name], expected, new Tolerance
                {
                    Terms = Terms,
                    LibraryError = yardstick.MaxError,
                    Factor = name == Result ? Tolerance.Forward : Tolerance.Backward,
                });
                Assert.That(stats.Holds, Is.True, $"{name}: {stats} (PyTorch's error {yardstick.MaxError:g3})");
                Assert.That(stats.Scale, Is.GreaterThan(0), $"{name} is zero and proves nothing");
            }
        });
    }

    /// <summary>Zeros and ones would hide errors: every vector moves away from its start.</summary>
    private void MoveFromStart()
    {
        foreach (var parameter in Store.Parameters.Where(p => p.Shape.Rank == 1))
        {
            var values = Device.Download(parameter.Data);
            Device.CopyIn<float>([.. values.Select(v => v + (0.3f * Normal()))], parameter.Data);
        }

        foreach (var buffer in Store.Buffers)
        {
            var isVariance = buffer.Name.EndsWith("var", StringComparison.Ordinal);
            Device.CopyIn<float>(
                [.. Device.Download(buffer.Data).Select(v => isVariance ? 0.5f + Math.Abs(Normal()) : v + (0.3f * Normal()))], buffer.Data);
        }

        foreach (var parameter in _positive)
        {
            Device.CopyIn<float>([.. Device.Download(parameter.Data).Select(v => 0.5f + Math.Abs(v))], parameter.Data);
        }
    }

    private Dictionary<string, double[]> RunOurs(Func<Tape, Tensor> ours)
    {
        using var tape = new Tape(Device);
        var results = new Dictionary<string, double[]> { [Result] = Read(ours(tape).Data) };
        tape.Backward();
        foreach (var parameter in Store.Parameters)
        {
            results[parameter.Name] = Read(parameter.Gradient);
        }

        foreach (var buffer in Store.Buffers)
        {
            results[buffer.Name] = Read(buffer.Data);
        }

        return results;
    }

    private Dictionary<string, double[]> RunTorch(
        Func<TorchParameters, (TorchTensor Result, TorchTensor Loss)> theirs, TorchParameters parameters)
    {
        using var scope = torch.NewDisposeScope();
        var (result, loss) = theirs(parameters);
        loss.backward();
        var results = parameters.Gradients();
        foreach (var (name, values) in parameters.Buffers())
        {
            results[name] = values;
        }

        results[Result] = TorchParameters.Read(result);
        return results;
    }

    private double[] Read(Slice<float> slice) => [.. Device.Download(slice).Select(v => (double)v)];

    private Slice<T> Keep<T>(DeviceBuffer<T> buffer) where T : unmanaged
    {
        _inputs.Add(buffer);
        return buffer.Slice;
    }

    private float Normal() =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));
}
