using DPT.Engine.Autograd;
using DPT.Engine.Kernels;
using DPT.Engine.TestSupport;
using TorchSharp;

namespace Differential.Tests;

/// <summary>
/// Every example of <see cref="OperatorTable"/> against PyTorch: values, gradients of all inputs, and the shapes that are refused.
/// </summary>
public sealed class TorchOperatorTests
{
    private static IEnumerable<TestCaseData> Examples =>
        OperatorTable.All.Select(example => new TestCaseData(example).SetArgDisplayNames(example.Name));

    [Test]
    public void Examples_AllHaveACounterpart() =>
        Assert.That(TorchOperators.All.Keys, Is.EquivalentTo(OperatorTable.All.Select(e => e.Name)));

    [TestCaseSource(nameof(Examples))]
    public void ValuesAndGradients_LikeTorch(OperatorExample example) => Compare(example, TorchOperators.All[example.Name]);

    /// <summary>
    /// What PyTorch refuses we refuse too; what both take has the same values and gradients. PyTorch takes more: it broadcasts.
    /// </summary>
    [TestCaseSource(nameof(Examples))]
    public void Shapes_ThatTorchRefuses_AreRefused(OperatorExample example)
    {
        var theirs = TorchOperators.All[example.Name];
        foreach (var wrong in example.WrongShapes())
        {
            if (!IsTaken(wrong))
            {
                continue;
            }

            Assert.That(() => Compare(wrong, theirs), Throws.Nothing, $"{wrong.Name} is taken");
        }
    }

    private static void Compare(OperatorExample example, Func<TorchParameters, torch.Tensor> theirs)
    {
        using var comparison = new TorchComparison();
        var tensors = example.Inputs.ToDictionary(
            input => input.Name,
            input => (Tensor)comparison.Add(input.Name, example.Positive.Contains(input.Name), input.Shape));
        using var inputs = new OperatorInputs(comparison.Device, tensors) { LossScale = TorchComparison.LossScale };
        if (example.IsLoss)
        {
            comparison.CheckLoss(tape => example.Run(tape, inputs), theirs);
        }
        else
        {
            comparison.Check(tape => example.Run(tape, inputs), theirs);
        }
    }

    private static bool IsTaken(OperatorExample example)
    {
        using var device = new HostDevice(1, selection: new KernelSelection());
        using var tape = new Tape(device);
        var tensors = example.Inputs.ToDictionary(input => input.Name, input => tape.New(new TensorShape(input.Shape)));
        foreach (var tensor in tensors.Values)
        {
            device.Clear(tensor.Data);
        }

        using var inputs = new OperatorInputs(device, tensors);
        try
        {
            example.Run(tape, inputs);
            return true;
        }
        catch (Exception refused) when (refused is ArgumentException or KernelException)
        {
            return false;
        }
    }
}
