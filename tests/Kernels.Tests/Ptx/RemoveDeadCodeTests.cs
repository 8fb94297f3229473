namespace Kernels.Tests;

/// <summary>What nobody reads goes, and nothing else.</summary>
public sealed class RemoveDeadCodeTests
{
    [Test]
    public void ChainThatNobodyReads_Goes() => Require(
        """
        add.s32 %r1, %r5, 1;
        mul.lo.s32 %r2, %r1, 4;
        add.s32 %r3, %r5, 2;
        st.global.b32 [%rd1], %r3;
        """,
        "add.s32 %r3, %r5, 2;", "st.global.b32 [%rd1], %r3;");

    [Test]
    public void CounterThatOnlyCountsItself_Goes() => Require(
        """
        mov.b32 %r1, 0;
        LOOP:
        add.s32 %r1, %r1, 1;
        @%p1 bra LOOP;
        """,
        "LOOP:", "@%p1 bra LOOP;");

    [Test]
    public void ValueOfAnotherRound_Stays() => Require(
        """
        mov.b32 %r1, 0;
        LOOP:
        st.global.b32 [%rd1], %r1;
        add.s32 %r1, %r5, 1;
        @%p1 bra LOOP;
        """,
        "mov.b32 %r1, 0;", "LOOP:", "st.global.b32 [%rd1], %r1;", "add.s32 %r1, %r5, 1;", "@%p1 bra LOOP;");

    [Test]
    public void OldValueUnderAGuardedWrite_Stays() => Require(
        """
        mov.b32 %r1, 7;
        @%p1 mov.b32 %r1, 8;
        st.global.b32 [%rd1], %r1;
        """,
        "mov.b32 %r1, 7;", "@%p1 mov.b32 %r1, 8;", "st.global.b32 [%rd1], %r1;");

    [Test]
    public void PredicateOfABranch_AndBaseOfAnAddress_Stay() => Require(
        """
        setp.lt.s32 %p1, %r1, 4;
        add.u64 %rd2, %rd1, 8;
        @%p1 bra END;
        st.global.b32 [%rd2+4], 0;
        END:
        ret;
        """,
        "setp.lt.s32 %p1, %r1, 4;", "add.u64 %rd2, %rd1, 8;", "@%p1 bra END;", "st.global.b32 [%rd2+4], 0;", "END:", "ret;");

    [Test]
    public void SumWhoseCarryIsUsed_Stays() => Require(
        """
        add.cc.u32 %r1, %r5, %r6;
        addc.u32 %r2, %r7, 0;
        st.global.b32 [%rd1], %r2;
        """,
        "add.cc.u32 %r1, %r5, %r6;", "addc.u32 %r2, %r7, 0;", "st.global.b32 [%rd1], %r2;");

    /// <summary>A load may fault, an atomic or a shuffle does something: they stay even if nobody reads the result.</summary>
    [Test]
    public void WhatHasAnEffect_Stays() => Require(
        """
        ld.global.b32 %r1, [%rd1];
        atom.global.add.u32 %r2, [%rd1], 1;
        shfl.sync.bfly.b32 %r3, %r5, 1, 31, -1;
        bar.sync 0;
        """,
        "ld.global.b32 %r1, [%rd1];", "atom.global.add.u32 %r2, [%rd1], 1;", "shfl.sync.bfly.b32 %r3, %r5, 1, 31, -1;", "bar.sync 0;");

    private static void Require(string code, params string[] expected)
    {
        var module = PtxText.Entry(".reg .b64 %rd<9>; .reg .b32 %r<9>; .reg .pred %p<3>;" + code);
        Assert.That(PtxText.Body(RemoveDeadCode.Apply(module)).Where(l => !l.StartsWith('.')), Is.EqualTo(expected));
    }
}
