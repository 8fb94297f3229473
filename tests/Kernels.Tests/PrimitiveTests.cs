using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>What the primitives promise beyond their cases: edges of functions, NaN, indices and layouts that are refused.</summary>
public sealed class PrimitiveTests
{
    private const float Infinity = float.PositiveInfinity;

    public static IEnumerable<Device> Devices()
    {
        foreach (var width in Enum.GetValues<SimdWidth>())
        {
            yield return new HostDevice(2, width, new KernelSelection());
        }

        yield return new SimDevice(selection: new KernelSelection());
    }

    [Test]
    public void Exp_AtItsEdges(
        [Values(88.2f, 88.5f, 88.72f, 88.73f, 1e30f, Infinity, -87, -1e30f, -Infinity, 0, float.NaN)] float x) =>
        Check(MapFunction.Exp, x, 0, Math.Exp(x));

    [Test]
    public void Log_AtItsEdges(
        [Values(0, -0f, -1, -float.Epsilon, -Infinity, float.Epsilon, 1e-39f, 1, float.MaxValue, Infinity, float.NaN)] float x) =>
        Check(MapFunction.Log, x, 0, Math.Log(x));

    [Test]
    public void Sqrt_AtItsEdges(
        [Values(0, -0f, -1, -float.Epsilon, -Infinity, float.Epsilon, 1e-39f, 1, 2, float.MaxValue, Infinity, float.NaN)] float x) =>
        Check(MapFunction.Sqrt, x, 0, Math.Sqrt(x));

    [TestCase(2, 2, 1)]
    [TestCase(2, 3, 0)]
    [TestCase(3, 2, 0)]
    [TestCase(0, -0f, 1)]
    [TestCase(Infinity, Infinity, 1)]
    [TestCase(Infinity, -Infinity, 0)]
    [TestCase(float.NaN, float.NaN, 0)]
    [TestCase(float.NaN, 1, 0)]
    [TestCase(1, float.NaN, 0)]
    public void Equal_AtItsEdges(float a, float b, double expected) => Check(MapFunction.Equal, a, b, expected);

    /// <summary>A NaN at any place is the maximum, beside infinities too; along the last axis and inside.</summary>
    [Test]
    public void Max_WithANaNAnywhere_IsNaN([Values(1, 3)] int inner, [Values(Infinity, -Infinity, 5)] float rest)
    {
        const int Length = 35;
        foreach (var device in Devices())
        {
            using (device)
            {
                for (var place = 0; place <= Length; place++)
                {
                    var x = new float[Length * inner];
                    Array.Fill(x, rest);
                    if (place < Length)
                    {
                        x[place * inner] = float.NaN;
                    }

                    using var from = device.Upload<float>(x);
                    using var to = device.Allocate<float>(inner);
                    device.Run(PrimitiveOperators.AxisReduce, new AxisReduceCall
                    {
                        Outer = 1, Length = Length, Inner = inner, Reduction = AxisReduction.Max, X = from.Slice, Y = to.Slice,
                    });
                    var expected = Enumerable.Repeat(rest, inner).ToArray();
                    expected[0] = place < Length ? float.NaN : rest;
                    Assert.That(device.Download(to.Slice), Is.EqualTo(expected), $"{device.Description}, place {place}");
                }
            }
        }
    }

    [TestCase(-1)]
    [TestCase(3)]
    public void Index_OutsideTheTable_IsRefusedOnTheHostAndSeenOnAGpu(int index)
    {
        foreach (var device in Devices())
        {
            using (device)
            {
                using var indices = device.Upload<int>([1, index]);
                using var table = device.Upload<float>([1, 2, 3]);
                using var rows = device.Upload<float>([7, 7]);
                var gather = new RowsGatherCall
                {
                    Rows = 2, Width = 1, TableRows = 3, Table = table.Slice, Indices = indices.Slice, Y = rows.Slice,
                };
                var scatter = new RowsScatterCall
                {
                    Rows = 2, Width = 1, TableRows = 3, Table = table.Slice, Indices = indices.Slice, X = rows.Slice,
                };
                if (device.Kind == DeviceKind.Host)
                {
                    var message = $"index {index} of row 1 is not in 0..2";
                    Assert.That(
                        () => device.Run(PrimitiveOperators.RowsGather, gather),
                        Throws.TypeOf<KernelException>().With.Message.EqualTo($"rows.gather: {message}"));
                    Assert.That(
                        () => device.Run(PrimitiveOperators.RowsScatter, scatter),
                        Throws.TypeOf<KernelException>().With.Message.EqualTo($"rows.scatter: {message}"));
                    Assert.That(device.Download(rows.Slice), Is.EqualTo(new[] { 7f, 7 }));
                    Assert.That(device.Download(table.Slice), Is.EqualTo(new[] { 1f, 2, 3 }));
                    continue;
                }

                device.Run(PrimitiveOperators.RowsScatter, scatter);
                Assert.That(device.Download(table.Slice), Is.EqualTo(new[] { 1f, 9, 3 }));
                device.Run(PrimitiveOperators.RowsGather, gather);
                Assert.That(device.Download(rows.Slice), Is.EqualTo(new[] { 9, float.NaN }));
            }
        }
    }

    public static IEnumerable<TestCaseData> BadCopies()
    {
        var good = new StridedCopyCall
        {
            Sizes = new(1, 1, 2, 3), StridesX = new(0, 0, 3, 1), StridesY = new(0, 0, 1, 2), X = new(64, 6), Y = new(64, 6),
        };
        yield return Case(good with { Sizes = new(1, 1, 0, 3) }, "a size is 0, it must be 1..");
        yield return Case(good with { StridesX = new(0, 0, -3, 1) }, "a stride of x is -3, it must be 0..");
        yield return Case(good with { X = new(64, 5) }, "operand 'X' has 5 elements, the sizes need 6");
        yield return Case(good with { Y = new(64, 5) }, "operand 'Y' has 5 elements, the sizes need 6");
        yield return Case(good with { StridesY = new(0, 0, 1, 1) }, "an element of y would be written twice");
        yield return Case(good with { StridesY = new(0, 0, 0, 1) }, "an element of y would be written twice");
        yield return Case(good with { StridesY = new(0, 0, 2, 1) }, "an element of y would be written twice");

        static TestCaseData Case(StridedCopyCall call, string message) => new TestCaseData(call, message).SetArgDisplayNames(message);
    }

    [TestCaseSource(nameof(BadCopies))]
    public void StridedCopy_OfALayoutThatDoesNotFit_IsRefused(StridedCopyCall call, string message) => Assert.That(
        call.Validate, Throws.TypeOf<KernelException>().With.Message.StartsWith($"strided.copy: {message}"));

    [TestCase(MapFunction.Add, 0, "two operands")]
    [TestCase(MapFunction.Exp, 2, "one operand")]
    [TestCase(MapFunction.Multiply, 1, "operand 'B' has 1 elements, the sizes need 2")]
    public void Map_WithTheWrongOperands_IsRefused(MapFunction function, int elementsOfB, string message)
    {
        var call = new MapCall
        {
            Count = 2, Function = function, A = new(64, 2), Y = new(64, 2), B = elementsOfB == 0 ? default : new(64, elementsOfB),
        };
        Assert.That(call.Validate, Throws.TypeOf<KernelException>().With.Message.Contains(message));
    }

    private static void Check(MapFunction function, float a, float b, double expected)
    {
        const int Count = 19;
        foreach (var device in Devices())
        {
            using (device)
            {
                using var x = device.Upload<float>([.. Enumerable.Repeat(a, Count)]);
                using var second = device.Upload<float>([.. Enumerable.Repeat(b, Count)]);
                using var y = device.Allocate<float>(Count);
                device.Run(PrimitiveOperators.Map, new MapCall
                {
                    Count = Count, Function = function, A = x.Slice, Y = y.Slice, B = function <= MapFunction.Equal ? second.Slice : default,
                });
                Assert.That(
                    device.Download(y.Slice), Is.All.EqualTo((float)expected).Within(1e-4).Percent, device.Description);
            }
        }
    }
}
