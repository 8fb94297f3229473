using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// Operators whose formula is written once for the host's vectors and for GPU threads give the same bits on both.
/// </summary>
public sealed class SharedFormulaTests
{
    private static IEnumerable<TestCaseData> Operators() =>
        from op in new Operator[]
        {
            ElementwiseOperators.Axpby, ElementwiseOperators.Activation, DiffusionOperators.Noising,
            OptimizerOperators.AdamW, OptimizerOperators.Sgd, SolverOperators.Step, RandomOperators.Fill, DropoutOperator.Dropout, AugmentEdmOperator.Transform,
            PrimitiveOperators.Map, PrimitiveOperators.StridedCopy, PrimitiveOperators.RowsGather,
        }
        select new TestCaseData(op).SetArgDisplayNames(op.Name);

    [TestCaseSource(nameof(Operators))]
    public void Simulator_EveryCase_GivesTheBitsOfTheHost(Operator op)
    {
        using var host = new HostDevice(threads: 2, selection: new KernelSelection());
        using var simulator = new SimDevice(selection: new KernelSelection());
        foreach (var kernelCase in op.Cases().Concat(HardCases.Of(op, _ => true)))
        {
            var expected = Results(host, op, kernelCase);
            var actual = Results(simulator, op, kernelCase);
            foreach (var (name, values) in expected)
            {
                Assert.That(
                    actual[name].Select(Bits),
                    Is.EqualTo(values.Select(Bits)),
                    $"{op.Name} [{kernelCase.Label}] '{name}'");
            }
        }
    }

    /// <summary>All NaN are one: which of its operands' bits a sum of two NaN has, processors do not agree on.</summary>
    private static long Bits(double value) => BitConverter.DoubleToInt64Bits(double.IsNaN(value) ? double.NaN : value);

    private static Dictionary<string, double[]> Results(Device device, Operator op, KernelCase kernelCase)
    {
        using var memory = new CaseMemory(device, kernelCase, new CaseValues(kernelCase, 3));
        var variant = op.Variants.First(v => kernelCase.Supports(device, v, memory, out _));
        kernelCase.Launch(device, variant, memory);
        device.Synchronize();
        return kernelCase.Operands.ToDictionary(o => o.Name, o => memory.Read(o.Name));
    }
}
