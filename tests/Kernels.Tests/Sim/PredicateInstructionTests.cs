using static Kernels.Tests.InstructionRig;

namespace Kernels.Tests;

/// <summary>Predicates: joined, negated, as guards and as choices.</summary>
public sealed class PredicateInstructionTests
{
    private static readonly ulong[] Numbers = [0, 1, 5, 0xFFFFFFFF];
    private static readonly ulong[] Flags = [0, 1];

    /// <summary>p is the comparison and q its opposite, each joined with a third predicate.</summary>
    [Test]
    public void Compare_JoinedWithAPredicate_GivesBothResults(
        [Values("and", "or", "xor")] string join, [Values("", "!")] string negation) => Check(
        $$"""
        { .reg .pred p; .reg .pred q; .reg .pred o; .reg .b32 more; setp.ne.u32 o, %v2, 0;
        setp.lt.{{join}}.s32 p|q, %v0, %v1, {{negation}}o;
        selp.u32 %d, 1, 0, p; selp.u32 more, 2, 0, q; or.b32 %d, %d, more; }
        """,
        "u32", ["s32", "s32", "u32"], [Numbers, Numbers, Flags], x =>
        {
            var (holds, other) = (Number(x[0], "s32") < Number(x[1], "s32"), x[2] != 0 != (negation == "!"));
            bool Joined(bool value) => join switch { "and" => value && other, "or" => value || other, _ => value != other };
            return (Joined(holds) ? 1UL : 0) | (Joined(!holds) ? 2UL : 0);
        });

    [Test]
    public void Select_ByAPredicateOrItsOpposite([Values("", "!")] string negation) => Check(
        $"{{ .reg .pred p; setp.ne.u32 p, %v0, 0; selp.u32 %d, 7, 9, {negation}p; }}",
        "u32", ["u32"], [Flags], x => x[0] != 0 != (negation == "!") ? 7UL : 9);

    [Test]
    public void Guard_AndItsOpposite_CoverAllLanes() => Check(
        "{ .reg .pred p; setp.ne.u32 p, %v0, 0; mov.u32 %d, 1; @p add.u32 %d, %d, 10; @!p add.u32 %d, %d, 20; }",
        "u32", ["u32"], [Flags], x => x[0] != 0 ? 11UL : 21);

    [TestCase("and")]
    [TestCase("or")]
    [TestCase("xor")]
    public void Predicates_Joined(string join) => Check(
        $$"""
        { .reg .pred p; .reg .pred q; setp.ne.u32 p, %v0, 0; setp.ne.u32 q, %v1, 0; {{join}}.pred p, p, q;
        selp.u32 %d, 1, 0, p; }
        """,
        "u32", ["u32", "u32"], [Flags, Flags],
        x => join switch { "and" => x[0] & x[1], "or" => x[0] | x[1], _ => x[0] ^ x[1] });

    /// <summary>With .ftz a subnormal number is a zero, also where it is only compared.</summary>
    [TestCase("gt.f32", true)]
    [TestCase("gt.ftz.f32", false)]
    public void Compare_SubnormalWithZero(string relation, bool holds) => Check(
        $"{{ .reg .pred p; setp.{relation} p, %v0, 0f00000000; selp.u32 %d, 1, 0, p; }}",
        "u32", ["u32"], [[1, 0x007FFFFF]], _ => holds ? 1UL : 0);
}
