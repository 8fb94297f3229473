using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>
/// Compares the tape's gradient with central differences along random directions, parameter by parameter. The loss is
/// summed in double, so the difference is limited by float arithmetic inside the network only.
/// </summary>
internal static class GradientCheck
{
    private const float Step = 1e-2f;

    /// <summary>Checks every parameter of the store.</summary>
    /// <param name="store">Initialised parameters; inputs whose gradient matters are parameters too.</param>
    /// <param name="losses">Builds the network and returns the losses whose sum is differentiated.</param>
    /// <param name="tolerance">Allowed error relative to the size of the directional derivative.</param>
    public static void Run(ParameterStore store, Func<Tape, Tensor> losses, double tolerance = 1e-3)
    {
        var device = store.Device;
        using var tape = new Tape(device);
        losses(tape);
        tape.Backward();
        foreach (var (parameter, index) in store.Parameters.Select((p, i) => (p, i)))
        {
            var gradient = device.Download(parameter.Gradient);
            var direction = Direction(gradient, index);
            var expected = Dot(gradient, direction);
            var numeric = (LossAlong(store, losses, parameter, direction, Step)
                - LossAlong(store, losses, parameter, direction, -Step)) / (2 * Step);
            Assert.That(
                numeric,
                Is.EqualTo(expected).Within(tolerance * (Math.Abs(expected) + 0.05)),
                $"directional derivative of '{parameter.Name}'");
        }

        Assert.That(store.Parameters.Sum(p => Norm(device.Download(p.Gradient))), Is.GreaterThan(0));
    }

    /// <summary>A random unit direction, turned half towards the gradient so that the derivative is never lost in noise.</summary>
    private static float[] Direction(float[] gradient, int index)
    {
        var random = new PhiloxStream(99, 7, index);
        var direction = new float[gradient.Length];
        var size = Math.Max(Norm(gradient), 1e-12);
        for (var i = 0; i < direction.Length; i++)
        {
            direction[i] = (float)((0.5 * random.NextNormal() / Math.Sqrt(direction.Length)) + (gradient[i] / size));
        }

        var norm = (float)Norm(direction);
        return [.. direction.Select(d => d / norm)];
    }

    private static double LossAlong(
        ParameterStore store, Func<Tape, Tensor> losses, Parameter parameter, float[] direction, float step)
    {
        var device = store.Device;
        var original = device.Download(parameter.Data);
        device.CopyIn<float>([.. original.Zip(direction, (p, d) => p + (step * d))], parameter.Data);
        using var tape = new Tape(device);
        var result = tape.WithoutGradient(() => losses(tape));
        var sum = device.Download(result.Data).Sum(loss => (double)loss);
        device.CopyIn<float>(original, parameter.Data);
        return sum;
    }

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(v => (double)v * v));
}
