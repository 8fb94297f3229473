using System.Text.Json;
using DPT.Engine.Kernels;

namespace Cli.Tests;

/// <summary>The kernel verbs read the registry: what is registered is listed and can be proven.</summary>
public sealed class KernelVerbTests
{
    [Test]
    public void List_ShowsEveryVariant_WithOneDefaultForAnOperatorOnHost()
    {
        var run = CommandLine.Run("kernels", "list");
        var lines = run.Out.TrimEnd().Split('\n');
        Assert.That(lines, Has.Length.EqualTo(KernelRegistry.Operators.Sum(o => o.Variants.Count)));
        foreach (var op in KernelRegistry.Operators)
        {
            Assert.That(lines.Count(l => l.StartsWith($"*  {op.Name}/", StringComparison.Ordinal) && l.Contains(" host ")), Is.EqualTo(1), op.Name);
        }
    }

    [Test]
    public void List_Json_IsAnArray()
    {
        var run = CommandLine.Run("kernels", "list", "layernorm", "--json");
        using var document = JsonDocument.Parse(run.Out);
        var ids = document.RootElement.EnumerateArray().Select(v => v.GetProperty("id").GetString());
        Assert.That(ids, Is.Not.Empty.And.All.StartsWith("layernorm"));
    }

    [Test]
    public void Test_OfOneVariant_ProvesIt()
    {
        var run = CommandLine.Run("kernels", "test", "layernorm.forward/host-v1-simd", "--device", "host");
        Assert.That(run.Code, Is.Zero, run.Out + run.Err);
        Assert.That(run.Out, Does.Match(@"^ok +layernorm\.forward/host-v1-simd +\d+ cases\n$"));
    }

    [Test]
    public void Doctor_NamesEveryDeviceAndWhy()
    {
        var run = CommandLine.Run("doctor");
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Match("(?m)^host +usable: host, ").And.Match("(?m)^cuda +not usable: "));
    }
}
