using System.Text.Json;
using DPT.Engine.Kernels;

namespace Kernels.Tests;

public sealed class OperatorProfileTests
{
    [Test]
    public void Profile_OfTwoOperators_CountsCallsAndWork()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var x = device.Upload<float>([1, 2, 3, 4]);
        var sum = new AxpbyCall { Count = 4, Alpha = 1, Beta = 1, X = x.Slice, Y = x.Slice };
        var gelu = new ActivationCall { Count = 4, Function = Activation.Gelu, X = x.Slice, Y = x.Slice };
        device.Run(ElementwiseOperators.Axpby, in sum);
        var profile = device.Profile = new OperatorProfile();
        device.Run(ElementwiseOperators.Axpby, in sum);
        device.Run(ElementwiseOperators.Axpby, in sum);
        device.Run(ElementwiseOperators.Activation, in gelu);
        device.Profile = null;
        device.Run(ElementwiseOperators.Axpby, in sum);

        var rows = profile.Rows.ToDictionary(r => r.Id);
        Assert.Multiple(() =>
        {
            Assert.That(rows.Keys, Is.EquivalentTo(["axpby/host-v1-simd", "activation/host-v1-simd"]));
            Assert.That(rows["axpby/host-v1-simd"].Calls, Is.EqualTo(2), "calls while the profile was set");
            Assert.That(rows["axpby/host-v1-simd"].Flops, Is.EqualTo(2 * sum.Flops));
            Assert.That(rows["activation/host-v1-simd"].Bytes, Is.EqualTo(gelu.Bytes));
            Assert.That(profile.Rows.Sum(r => r.Seconds), Is.GreaterThan(0).And.LessThanOrEqualTo(profile.WallSeconds));
        });
    }

    [Test]
    public void Trace_OfCalls_IsReadByAJsonParserInOrder()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var x = device.Upload<float>([1, 2, 3, 4]);
        var profile = device.Profile = new OperatorProfile();
        device.Run(ElementwiseOperators.Axpby, new AxpbyCall { Count = 4, Alpha = 1, Beta = 1, X = x.Slice, Y = x.Slice });
        device.Run(ElementwiseOperators.Axpby, new AxpbyCall { Count = 2, Alpha = 1, Beta = 0, X = x.Slice, Y = x.Slice });

        using var stream = new MemoryStream();
        profile.WriteTrace(stream);
        using var json = JsonDocument.Parse(stream.ToArray());
        var events = json.RootElement.GetProperty("traceEvents").EnumerateArray().ToList();
        Assert.That(
            events.Select(e => e.GetProperty("cat").GetString()),
            Is.EqualTo(new[] { "count=4 alpha=1 beta=1", "count=2 alpha=1 beta=0" }));
        Assert.That(
            events[0].GetProperty("ts").GetDouble() + events[0].GetProperty("dur").GetDouble(),
            Is.LessThanOrEqualTo(events[1].GetProperty("ts").GetDouble() + 1e-3));
    }
}
