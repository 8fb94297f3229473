namespace Kernels.Tests;

/// <summary>Matrices of fragments to shared memory: each element where its lane and register say.</summary>
public sealed class StoreMatrixTests
{
    [TestCase(1, false)]
    [TestCase(2, false)]
    [TestCase(4, false)]
    [TestCase(1, true)]
    [TestCase(4, true)]
    public void Elements_LieInTheirRows(int count, bool isTransposed)
    {
        using var rig = new PtxRig();
        var output = rig.Add<ushort>("out", new ushort[count * 64]);
        var fragments = string.Join(", ", Enumerable.Range(0, count).Select(i => $"%v{i}"));
        var values = string.Join(" ", Enumerable.Range(0, count).Select(
            i => $"mad.lo.u32 %v{i}, %t, 2, {64 * i}; add.u32 %r2, %v{i}, 1; shl.b32 %r2, %r2, 16; or.b32 %v{i}, %v{i}, %r2;"));
        rig.Run($$"""
            .reg .pred %p; .reg .b32 %t; .reg .b32 %r<4>; .reg .b32 %v<4>; .reg .b64 %rd<3>; .shared .align 16 .b8 tile[512];
            mov.u32 %t, %tid.x; shl.b32 %r0, %t, 4; add.u32 %r1, %r0, tile; {{values}}
            stmatrix.sync.aligned.m8n8.x{{count}}{{(isTransposed ? ".trans" : "")}}.shared.b16 [%r1], { {{fragments}} };
            bar.warp.sync 0xffffffff; setp.ge.u32 %p, %t, {{8 * count}}; @%p ret;
            cvt.u64.u32 %rd0, %r0; add.u64 %rd1, %out, %rd0; ld.shared.v4.u32 {%v0, %v1, %v2, %v3}, [%r1]; st.global.v4.u32 [%rd1], {%v0, %v1, %v2, %v3}; ret;
            """);
        var actual = rig.Device.Download(output);
        for (var i = 0; i < actual.Length; i++)
        {
            var (matrix, row, column) = (i / 64, i / 8 % 8, i % 8);
            // Lane l holds in register i the numbers 64 i + 2 l and one more.
            var expected = (64 * matrix) + (isTransposed ? (8 * column) + row : (8 * row) + column);
            Assert.That(actual[i], Is.EqualTo(expected));
        }
    }
}
