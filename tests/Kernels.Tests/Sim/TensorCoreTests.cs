using System.Globalization;

namespace Kernels.Tests;

/// <summary>The simulator's tensor core against products that a card computed: every bit, not only within a bound.</summary>
public sealed class TensorCoreTests
{
    private const string Products = "tensor-core-h200.txt";

    [TestCase("bf16", "m16n8k16")]
    [TestCase("tf32", "m16n8k8")]
    public void Multiply_OfRandomMatrices_HasTheBitsOfAnH200(string type, string shape)
    {
        var lines = ReadProducts().Where(l => l[0] == type).ToList();
        Assert.That(lines, Has.Count.EqualTo(3));
        foreach (var line in lines)
        {
            uint[] words = [.. line[1..].Select(w => uint.Parse(w, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            var actual = Multiply(shape, type, words[..128], words[128..192], words[192..320]);
            Assert.That(actual, Is.EqualTo(words[320..]));
        }
    }

    [TestCase(float.PositiveInfinity, 1f, 0f, float.PositiveInfinity)]
    [TestCase(float.PositiveInfinity, -1f, float.PositiveInfinity, float.NaN)]
    [TestCase(float.PositiveInfinity, 0f, 0f, float.NaN)]
    [TestCase(1f, 1f, float.NaN, float.NaN)]
    [TestCase(0f, 5f, 0f, 0f)]
    [TestCase(1f, 1f, 16777216f, 16777232f)]
    public void Multiply_OfSpecialValues_IsTheSum(float a, float b, float c, float expected)
    {
        var actual = Multiply("m16n8k16", "bf16", Filled(128, Pair(a)), Filled(64, Pair(b)), Filled(128, Bits(c)));
        Assert.That(actual, Is.All.EqualTo(float.IsNaN(expected) ? 0x7fffffff : Bits(expected)));
    }

    /// <summary>What lies 25 digits below the largest term is cut off from each term alone, and so is what does not fit the result.</summary>
    [Test]
    public void Multiply_OfTermsOfDifferentSizes_CutsThemOff()
    {
        const float Large = 1 << 12;
        uint[] a = [.. Enumerable.Range(0, 128).Select(i => i % 4 == 0 && i / 4 % 4 == 0 ? Bf16(Large) | (Bf16(1f) << 16) : Pair(1f))];
        float Sum(float b) => BitConverter.UInt32BitsToSingle(
            Multiply("m16n8k16", "bf16", a, [.. Enumerable.Range(0, 64).Select(i => i % 2 == 0 && i / 2 % 4 == 0
                ? Bf16(Large) | (Bf16(b) << 16) : Pair(b))], Filled(128, 0))[0]);
        Assert.That(Sum(0.5f), Is.EqualTo(16777216f + 6), "15 halves are 7.5, of which the result holds even numbers alone");
        Assert.That(Sum(0.484375f), Is.EqualTo(16777216f), "15 times 31/64 counts as nothing: each is below the last digit kept");
    }

    /// <summary>
    /// Zeros are a case of their own to the simulator and not to a card: columns 0 to 5 of a right factor are zero, with zeros in the
    /// others and without, and so is all of a left factor, beside a right one with a zero that lacks its sign.
    /// </summary>
    [Test]
    public void Multiply_ByZeros_LeavesWhatTheLongWayLeaves(
        [Values(1.5f, -3e38f, 1e-45f, -1e-40f, 0f, -0f, float.PositiveInfinity, float.NaN)] float c,
        [Values(1f, -1f, float.NegativeInfinity, float.NaN)] float other)
    {
        uint[] zeros = Filled(128, 0), others = Filled(128, Pair(other)), sums = Filled(128, Bits(c));
        var columns = Enumerable.Range(0, 128).Where(i => i / 4 % 4 != 3).ToList();
        var expected = Multiply("m16n8k16", "bf16", others, [.. Filled(56, 0), .. Filled(8, Pair(2f))], sums);
        var byRight = Multiply("m16n8k16", "bf16", others, zeros[..64], sums);
        var byLeft = Multiply("m16n8k16", "bf16", zeros, others[..64], sums);
        Assert.That(columns.Select(i => byRight[i]), Is.EqualTo(columns.Select(i => expected[i])));
        Assert.That(byLeft, Is.EqualTo(byRight));
    }

    private static uint[] Multiply(string shape, string type, uint[] a, uint[] b, uint[] c)
    {
        using var rig = new PtxRig(threads: 1);
        rig.Add("a", a);
        rig.Add("b", b);
        rig.Add("c", c);
        var output = rig.Add<uint>("out", new uint[128]);
        rig.Run($$"""
            .reg .b32 %t; .reg .b32 %r<8>; .reg .f32 %f<8>; .reg .b64 %rd<6>;
            mov.u32 %t, %tid.x; mul.wide.u32 %rd0, %t, 16; mul.wide.u32 %rd1, %t, 8;
            add.u64 %rd2, %a, %rd0; add.u64 %rd3, %b, %rd1; add.u64 %rd4, %c, %rd0; add.u64 %rd5, %out, %rd0;
            ld.global.v4.u32 {%r0, %r1, %r2, %r3}, [%rd2];
            ld.global.v2.u32 {%r4, %r5}, [%rd3];
            ld.global.v4.f32 {%f0, %f1, %f2, %f3}, [%rd4];
            mma.sync.aligned.{{shape}}.row.col.f32.{{type}}.{{type}}.f32 {%f4, %f5, %f6, %f7},
                {%r0, %r1, %r2, %r3}, {%r4, %r5}, {%f0, %f1, %f2, %f3};
            st.global.v4.f32 [%rd5], {%f4, %f5, %f6, %f7};
            ret;
            """);
        return rig.Device.Download(output);
    }

    private static uint[] Filled(int count, uint word) => [.. Enumerable.Repeat(word, count)];

    private static uint Bits(float x) => BitConverter.SingleToUInt32Bits(x);

    private static uint Bf16(float x) => Bits(x) >> 16;

    private static uint Pair(float x) => Bf16(x) | (Bf16(x) << 16);

    private static List<string[]> ReadProducts()
    {
        using var stream = typeof(TensorCoreTests).Assembly.GetManifestResourceStream(Products)!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n').Where(l => l.Length > 0 && l[0] != '#').Select(l => l.Split(' '))];
    }
}
