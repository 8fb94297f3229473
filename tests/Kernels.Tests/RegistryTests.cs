using System.Text.RegularExpressions;
using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>The rules that make an operator's and a variant's place in the project predictable from its name.</summary>
public sealed partial class RegistryTests
{
    private static IEnumerable<TestCaseData> Operators() =>
        KernelRegistry.Operators.Select(o => new TestCaseData(o).SetArgDisplayNames(o.Name));

    private static IEnumerable<TestCaseData> Variants() =>
        from op in KernelRegistry.Operators
        from variant in op.Variants
        select new TestCaseData(op, variant).SetArgDisplayNames(op.IdOf(variant));

    [Test]
    public void Identities_OfAllVariants_AreUnique()
    {
        Assert.That(KernelRegistry.Operators.Select(o => o.Name), Is.Unique);
        Assert.That(KernelRegistry.Operators.SelectMany(o => o.Variants.Select(o.IdOf)), Is.Unique);
    }

    [TestCaseSource(nameof(Operators))]
    public void Name_OfOperator_IsLowerCaseAndDotted(Operator op) => Assert.That(op.Name, Does.Match(OperatorName()));

    [TestCaseSource(nameof(Operators))]
    public void Cases_OfOperator_ExistAndHaveUniqueLabels(Operator op)
    {
        var labels = op.Cases().Select(c => c.Label).ToArray();
        Assert.That(labels, Is.Not.Empty);
        Assert.That(labels, Is.Unique);
    }

    [TestCaseSource(nameof(Operators))]
    public void HostDefault_ForEveryCase_Exists(Operator op)
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        foreach (var kernelCase in op.Cases())
        {
            using var memory = new CaseMemory(device, kernelCase);
            Assert.That(
                op.Variants.Any(v => kernelCase.Supports(device, v, memory, out _)), Is.True, kernelCase.Label);
        }
    }

    [TestCaseSource(nameof(Operators))]
    public void Find_ByName_GivesTheOperatorAndItsVariants(Operator op)
    {
        Assert.That(KernelRegistry.Find(op.Name), Is.SameAs(op));
        Assert.That(op.Variants.Select(v => op.Find(v.Name)), Is.EqualTo(op.Variants));
    }

    [TestCaseSource(nameof(Variants))]
    public void Name_OfVariant_SaysTargetVersionAndIdea(Operator op, KernelVariant variant)
    {
        Assert.That(variant.Name, Does.Match(VariantName()));
        Assert.That(variant.Name.StartsWith("host-"), Is.EqualTo(variant.Targets == DeviceKind.Host), "host- is for the host");
        Assert.That(variant.Idea, Is.Not.Empty.And.Not.Contain("\n"), op.IdOf(variant));
    }

    /// <summary>layernorm.forward/host-v1-simd is LayerNormForwardHostV1Simd in the file of that name.</summary>
    [TestCaseSource(nameof(Variants))]
    public void TypeAndFile_OfVariant_FollowItsIdentity(Operator op, KernelVariant variant)
    {
        var type = variant.GetType().Name;
        var suffix = string.Concat(variant.Name.Split('-').Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
        Assert.That(type, Does.StartWith(op.Name.Replace(".", "")).IgnoreCase);
        Assert.That(type, Does.EndWith(suffix));
        Assert.That(
            Directory.GetFiles(SourceFolder(), type + ".cs", SearchOption.AllDirectories), Has.Length.EqualTo(1));
    }

    private static string SourceFolder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "DPT.Engine.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder.FullName, "src", "Kernels");
    }

    [GeneratedRegex(@"^[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)*$")]
    private static partial Regex OperatorName();

    [GeneratedRegex(@"^(host-)?v[1-9][0-9]*(-[a-z0-9]+)+$")]
    private static partial Regex VariantName();

    [Test]
    public void HardwareProofs_AreOfVariantsForCards()
    {
        var onCards = KernelRegistry.Operators
            .SelectMany(op => op.Variants.Where(v => (v.Targets & DeviceKind.Cuda) != 0).Select(op.IdOf)).ToHashSet();
        Assert.That(HardwareProofs.Ids, Is.SubsetOf(onCards), "a line of proven-on-hardware.txt names what does not exist");
        Assert.That(
            KernelRegistry.UnprovenDefaults(),
            Is.EqualTo(KernelRegistry.Operators
                .Where(op => op.Variants.Any(v => (v.Targets & DeviceKind.Cuda) != 0 && !v.IsOnlyByName)
                    && !op.Variants.Any(v => HardwareProofs.DeviceOf(op.IdOf(v)) is not null && !v.IsOnlyByName))
                .Select(op => op.Name)));
    }
}
