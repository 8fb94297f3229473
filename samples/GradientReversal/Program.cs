using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

// Features that tell the class of a point and not its domain (Ganin and Lempitsky 2015): the domain head learns, and the encoder
// gets its gradient reversed. A point is (class, domain) with noise; an encoder that keeps both would give the domain away.
const int Count = 256;
var random = new Random(1);
int[] classes = [.. Enumerable.Range(0, Count).Select(_ => random.Next(2))];
int[] domains = [.. Enumerable.Range(0, Count).Select(_ => random.Next(2))];
float[] points = [.. Enumerable.Range(0, Count).SelectMany(i => new[] { Noisy(classes[i]), Noisy(domains[i]) })];

var plain = Train(strength: null);
var reversed = Train(strength: 1);
Console.WriteLine($"plain:    classes {plain.Classes:p0}, domains {plain.Domains:p0}");
Console.WriteLine($"reversed: classes {reversed.Classes:p0}, domains {reversed.Domains:p0}");
return plain.Domains > 0.9 && reversed.Domains < 0.7 && reversed.Classes > 0.9 ? 0 : 1;

float Noisy(int bit) => (2 * bit) - 1 + (0.3f * (random.NextSingle() - random.NextSingle()));

(double Classes, double Domains) Train(float? strength)
{
    using var device = new HostDevice();
    using var store = new ParameterStore(device);
    var scope = new ParameterScope(store);
    var encoder = new Linear(scope["encoder"], 2, 1, Initializer.Constant(0.5f), bias: null);
    var classHead = new Linear(scope["class"], 1, 2, Initializer.FanIn(1), Initializer.Zero);
    var domainHead = new Linear(scope["domain"], 1, 2, Initializer.FanIn(1), Initializer.Zero);
    store.Initialize(seed: 1);
    using var optimizer = new Sgd(store, new SgdConfig(Momentum: 0, Nesterov: false, WeightDecay: 0, DecayEverything: false));
    using var tape = new Tape(device);
    using var x = device.Upload<float>(points);
    using var ofClass = device.Upload<int>(classes);
    using var ofDomain = device.Upload<int>(domains);
    var (rightClasses, rightDomains) = (0.0, 0.0);
    for (var step = 1; step <= 500; step++)
    {
        var feature = encoder.Forward(tape, Tape.Constant(new(Count, 2), x.Slice));
        var classLogits = classHead.Forward(tape, feature);
        var domainLogits = domainHead.Forward(tape, strength is { } s ? tape.ReverseGradient(feature, s) : feature);
        tape.CrossEntropy(classLogits, ofClass.Slice, scale: 1f / Count);
        tape.CrossEntropy(domainLogits, ofDomain.Slice, scale: 1f / Count);
        rightClasses = Right(device.Download(classLogits.Data), classes);
        rightDomains = Right(device.Download(domainLogits.Data), domains);
        tape.Backward();
        optimizer.Step(learningRate: 0.1f);
    }

    return (rightClasses, rightDomains);
}

static double Right(float[] logits, int[] labels) =>
    labels.Where((label, i) => (logits[2 * i] < logits[(2 * i) + 1] ? 1 : 0) == label).Count() / (double)labels.Length;

/// <summary>An operator of one's own: a result, and a rule for the gradient of each input.</summary>
internal static class GradientReversal
{
    /// <summary>y = x, and back -strength times the gradient.</summary>
    public static Tensor ReverseGradient(this Tape tape, Tensor x, float strength)
    {
        var y = tape.New(x.Shape);
        tape.Device.Copy(x.Data, y.Data);
        return tape.Record(y, (x, (g, _) => tape.Scale(g, -strength)));
    }
}
