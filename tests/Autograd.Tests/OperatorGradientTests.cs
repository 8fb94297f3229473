using System.Reflection;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;
using DPT.Engine.TestSupport;

namespace Autograd.Tests;

/// <summary>
/// What every differentiable operator promises, on every example of <see cref="OperatorTable"/>: gradients that finite differences
/// confirm, whatever of its inputs needs one; nothing for the others; no memory left.
/// </summary>
public sealed class OperatorGradientTests
{
    private static IEnumerable<TestCaseData> Examples =>
        OperatorTable.All.Select(example => new TestCaseData(example).SetArgDisplayNames(example.Name));

    /// <summary>How inputs that need a gradient come, and those that do not.</summary>
    private static IEnumerable<TestCaseData> Roles =>
        from example in OperatorTable.All
        from needs in new[] { InputRole.Learned, InputRole.Computed }
        from not in new[] { InputRole.Frozen, InputRole.Constant }
        select new TestCaseData(example, needs, not).SetArgDisplayNames(example.Name, needs.ToString(), not.ToString());

    [Test]
    public void Operators_AllHaveAnExample()
    {
        var operators = typeof(Tape).Assembly.GetExportedTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static))
            .Where(method => method.GetParameters() is [{ } first, ..] && first.ParameterType == typeof(Tape))
            .Select(method => method.Name).Distinct();
        var examples = OperatorTable.All.Select(example => example.Name.Split(' ')[0]).Distinct();
        Assert.That(examples, Is.EquivalentTo(operators));
        Assert.That(OperatorTable.All.Select(e => e.Name), Is.Unique);
    }

    [TestCaseSource(nameof(Examples))]
    public void Gradients_MatchFiniteDifferences(OperatorExample example)
    {
        using var run = new OperatorRun(example, _ => InputRole.Computed);
        var bound = new List<OperatorInputs>();
        GradientCheck.Run(run.Store, tape =>
        {
            bound.Add(run.Bind(tape, out _));
            return run.Loss(tape, bound[^1]);
        });
        bound.ForEach(inputs => inputs.Dispose());
    }

    /// <summary>Every subset of the inputs: the bits of the gradients are those that all inputs together get.</summary>
    [TestCaseSource(nameof(Roles))]
    public void Gradients_OfAnySubset_AreThoseOfAll_AndTheOthersGetNone(OperatorExample example, InputRole needs, InputRole not)
    {
        string[] names = [.. example.Inputs.Select(input => input.Name)];
        var (all, _) = Step(names);
        foreach (var (name, gradient) in all)
        {
            Assert.That(gradient, Has.Some.Not.Zero, $"the gradient of '{name}' is zero and proves nothing");
        }

        var callsOf = names.ToDictionary(name => name, name => Step([name]).Calls);
        for (var bits = 0; bits < 1 << names.Length; bits++)
        {
            string[] subset = [.. names.Where((_, i) => (bits >> i & 1) != 0)];
            var label = $"with gradients of {string.Join(", ", subset)}";
            var (gradients, calls) = Step(subset);
            foreach (var (name, gradient) in gradients)
            {
                Assert.That(gradient, subset.Contains(name) ? Is.EqualTo(all[name]) : Is.All.Zero, $"'{name}' {label}");
            }

            var doneOnce = example.SharedCalls * Math.Max(0, subset.Count(example.OneKernel.Contains) - 1);
            Assert.That(calls, Is.EqualTo(subset.Sum(name => callsOf[name]) - doneOnce), $"work that nobody needs {label}");
        }

        (Dictionary<string, float[]> Gradients, int Calls) Step(string[] subset)
        {
            using var run = new OperatorRun(example, name => subset.Contains(name) ? needs : not);
            return (run.Step(), run.BackwardCalls);
        }
    }

    /// <summary>A second use of the same inputs adds its gradients to those of the first.</summary>
    [TestCaseSource(nameof(Examples))]
    public void Gradients_OfTwoUses_AddUp(OperatorExample example)
    {
        foreach (var role in new[] { InputRole.Learned, InputRole.Computed })
        {
            using var once = new OperatorRun(example, _ => role);
            using var twice = new OperatorRun(example, _ => role);
            var single = once.Step();
            foreach (var (name, gradient) in twice.Step(uses: 2))
            {
                Assert.That(gradient, Is.EqualTo(single[name].Select(g => 2 * g)).Within(1e-5).Percent, $"'{name}', {role}");
            }
        }
    }

    /// <summary>One tensor may stand for several inputs of a shape: it gets the sum of their gradients.</summary>
    [TestCaseSource(nameof(Examples))]
    public void Gradients_OfATensorThatStandsForTwoInputs_AddUp(OperatorExample example)
    {
        foreach (var role in new[] { InputRole.Learned, InputRole.Computed })
        {
            var pairs =
                from first in example.Inputs
                from second in example.Inputs.SkipWhile(input => input != first).Skip(1)
                where first.Shape.SequenceEqual(second.Shape)
                select (first, second);
            foreach (var (first, second) in pairs)
            {
                using var apart = new OperatorRun(example, _ => role, (first.Name, second.Name));
                using var together = new OperatorRun(example, _ => role, (first.Name, second.Name), sharesTensor: true);
                var expected = apart.Step();
                var sum = expected[first.Name].Zip(expected[second.Name], (a, b) => a + b).ToArray();
                Assert.That(
                    together.Step()[first.Name], Is.EqualTo(sum).Within(1e-5), $"'{first.Name}' and '{second.Name}', {role}");
            }
        }
    }

    /// <summary>A shape that does not fit is refused in one line that begins with the operator, and nothing is left behind.</summary>
    [TestCaseSource(nameof(Examples))]
    public void Shapes_ThatDoNotFit_AreRefusedInOneLine(OperatorExample example)
    {
        foreach (var wrong in example.WrongShapes())
        {
            using var run = new OperatorRun(wrong, _ => InputRole.Constant);
            var before = run.Device.Memory.LiveBlocks;
            using (var tape = new Tape(run.Device))
            using (var inputs = run.Bind(tape, out _))
            {
                try
                {
                    wrong.Run(tape, inputs);
                }
                catch (Exception refused) when (refused is ArgumentException or KernelException)
                {
                    Assert.That(refused.Message, Does.Match("^[A-Za-z0-9.]+: [^\n]+$"), wrong.Name);
                }
            }

            Assert.That(run.Device.Memory.LiveBlocks, Is.EqualTo(before), wrong.Name);
        }
    }
}
