namespace Kernels.Tests;

/// <summary>What may differ from lane to lane and from seed to seed.</summary>
public sealed class InterleavingTests
{
    /// <summary>Both orders of two warps occur: a kernel that needs one of them is found out.</summary>
    [Test]
    public void Warps_NotOrderedByAnything_RunInEveryOrder()
    {
        var first = new HashSet<int>();
        for (var seed = 0UL; seed < 20; seed++)
        {
            using var rig = new PtxRig(seed);
            rig.Add<int>("count", [0]);
            var output = rig.Add<int>("out", [-1, -1]);
            rig.Run("""
                .reg .pred %p<2>; .reg .b32 %r<5>; .reg .b64 %rd<3>;
                mov.u32 %r0, %tid.x; and.b32 %r1, %r0, 31; setp.ne.u32 %p0, %r1, 0; @%p0 ret;
                atom.global.add.u32 %r2, [%count], 1;
                shr.u32 %r3, %r0, 5; mul.wide.u32 %rd0, %r3, 4; add.u64 %rd0, %rd0, %out; st.global.u32 [%rd0], %r2; ret;
                """, threads: 64);
            first.Add(Array.IndexOf(rig.Device.Download(output), 0));
        }

        Assert.That(first, Is.EquivalentTo(new[] { 0, 1 }));
    }

    /// <summary>Lanes wait for their own copies: those that do not may not look.</summary>
    [TestCase("", false)]
    [TestCase("@%p0", true)]
    public void AsyncCopy_OnlySomeLanesWait_TheOthersMayNotRead(string guard, bool isFault)
    {
        using var rig = new PtxRig();
        var output = rig.Add<int>("out", [.. Enumerable.Range(0, 32)]);
        var body = $"""
            .reg .pred %p<2>; .reg .b32 %r<5>; .reg .b64 %rd<3>; .shared .align 16 .b8 tile[128];
            mov.u32 %r0, %tid.x; mul.wide.u32 %rd0, %r0, 4; mov.u64 %rd1, tile; add.u64 %rd1, %rd1, %rd0;
            add.u64 %rd0, %rd0, %out; cvt.u32.u64 %r1, %rd1; setp.lt.u32 %p0, %r0, 16;
            cp.async.ca.shared.global [%r1], [%rd0], 4; cp.async.commit_group;
            {guard} cp.async.wait_group 0;
            ld.shared.u32 %r2, [%rd1]; add.u32 %r2, %r2, 1; st.global.u32 [%rd0], %r2; ret;
            """;
        if (isFault)
        {
            Assert.That(rig.Fault(body), Does.Contain("thread 16 ").And.Contain("not waited for"));
            return;
        }

        rig.Run(body);
        Assert.That(rig.Device.Download(output), Is.EqualTo(Enumerable.Range(1, 32)));
    }
}
