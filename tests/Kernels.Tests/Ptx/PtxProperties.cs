using FsCheck;
using FsCheck.Fluent;

namespace Kernels.Tests;

/// <summary>What holds for every PTX text: parsing undoes printing, and passes change no result.</summary>
public sealed class PtxProperties
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(300);
    private static readonly Config Some = Config.QuickThrowOnFailure.WithMaxTest(60);

    [Test]
    public void Print_OfAnyModule_ParsesToTheSameModule() =>
        Check.One(Many, Prop.ForAll(RandomPtx.Modules.ToArbitrary(), module =>
        {
            var text = module.ToString();
            var parsed = PtxParser.Parse(text);
            Assert.That(parsed.ToString(), Is.EqualTo(text));
            Assert.That(Shape(parsed), Is.EqualTo(Shape(module)));
        }));

    [Test]
    public void Parse_OfAnyTextWithAWordMissing_GivesAModuleOrNamesTheLine() =>
        Check.One(Many, Prop.ForAll(RandomPtx.Modules.ToArbitrary(), Gen.Choose(0, 9999).ToArbitrary(), (module, number) =>
        {
            var words = PtxLexer.Tokens(module.ToString()).Select(t => t.Text).ToList();
            words.RemoveAt(number % words.Count);
            try
            {
                var parsed = PtxParser.Parse(string.Join('\n', words));
                Assert.That(PtxParser.Parse(parsed.ToString()).ToString(), Is.EqualTo(parsed.ToString()));
            }
            catch (PtxException failure)
            {
                Assert.That(failure.Message, Does.Contain("PTX"));
            }
        }));

    [Test]
    public void Passes_OnAnyStraightProgram_ChangeNoResult() =>
        Check.One(Some, Prop.ForAll(RandomProgram.Bodies.ToArbitrary(), body =>
        {
            var kernel = SampleKernels.Kernel(SampleKernels.Fused).ToPtx();
            var expected = RandomProgram.Run(body, module => module);
            Assert.Multiple(() =>
            {
                Require(nameof(PromoteLocals), PromoteLocals.Apply);
                Require(nameof(CarriedValues), CarriedValues.Apply);
                Require(nameof(FoldSharedOffsets), FoldSharedOffsets.Apply);
                Require(nameof(RemoveDeadCode), RemoveDeadCode.Apply);
                Require(nameof(SharedAlignment), SharedAlignment.Apply);
                Require(nameof(RemoveUncalledFunctions), RemoveUncalledFunctions.Apply);
                Require(nameof(ReadableNames), module => ReadableNames.Apply(module, kernel));
                Require("all of them", module => PtxPasses.Apply(module, kernel, PtxArchitecture.Sm80));
            });

            void Require(string pass, Func<PtxModule, PtxModule> apply) =>
                Assert.That(RandomProgram.Run(body, apply), Is.EqualTo(expected), $"{pass} on\n{body}");
        }));

    /// <summary>Everything that a module holds, in order: the types of what it consists of, and its words.</summary>
    private static IEnumerable<string> Shape(PtxModule module) =>
        from function in module.Functions
        from statement in function.Statements
        from part in statement is PtxInstruction instruction
            ? instruction.Operands.SelectMany(o => o.Parts).Select(p => $"{p.GetType().Name} {p}").Prepend($"{instruction.Guard} {instruction.Opcode}")
            : [statement.GetType().Name]
        select part;
}
