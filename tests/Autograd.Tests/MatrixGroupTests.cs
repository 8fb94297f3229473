using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd.Tests;

/// <summary>Which matrices are orthogonalised together.</summary>
public sealed class MatrixGroupTests
{
    private static readonly (int Rows, int Columns)[] _shapes =
        [(128, 384), (64, 9), (128, 384), (9, 64), (128, 384), (600, 601), (600, 601), (600, 601), (1025, 2000), (1025, 2000)];

    private readonly HostDevice _device = new(threads: 1);

    [OneTimeTearDown]
    public void Close() => _device.Dispose();

    /// <summary>A million elements of Gram matrices hold two of 600 rows, and not one of 1025, which is alone.</summary>
    [TestCase(DeviceKind.Cuda)]
    [TestCase(DeviceKind.Sim)]
    public void Card_TakesThoseOfOneShapeTogether_UpToItsMemory(DeviceKind device) => Assert.That(
        Of(device), Is.EqualTo(new[] { "m0 m2 m4", "m1", "m3", "m5 m6", "m7", "m8", "m9" }));

    [Test]
    public void Processor_TakesThemOneByOne() => Assert.That(
        Of(DeviceKind.Host).Order(), Is.EqualTo(Enumerable.Range(0, _shapes.Length).Select(i => $"m{i}")));

    private string[] Of(DeviceKind device)
    {
        using var store = new ParameterStore(_device);
        var matrices = _shapes.Select(
            (shape, i) => store.Add($"m{i}", new TensorShape(shape.Rows, shape.Columns), Initializer.Zero, isHidden: true)).ToArray();
        var groups = MatrixGroup.Of(matrices, device).ToArray();
        foreach (var group in groups)
        {
            Assert.That(
                group.Matrices.Select(matrix => (matrix.Shape[0], matrix.Shape[1], matrix.Shape.Count)),
                Is.All.EqualTo((group.Rows, group.Columns, group.Elements)));
        }

        return [.. groups.Select(group => string.Join(' ', group.Matrices.Select(matrix => matrix.Name)))];
    }
}
