using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Rounding to bf16, against the definition: the nearest of all numbers of 16 bits, the even one of two.</summary>
public sealed class BFloat16Tests
{
    [Test]
    public void Round_EveryNumberOfSixteenBits_IsItself()
    {
        for (var bits = 0; bits <= ushort.MaxValue; bits++)
        {
            var number = new BFloat16((ushort)bits);
            if (!float.IsNaN(number.ToSingle()))
            {
                Assert.That(BFloat16.Round(number.ToSingle()), Is.EqualTo(number), $"{bits:x4}");
            }
        }
    }

    /// <summary>Between neighbours: a quarter, the middle, three quarters of the way, of numbers of every exponent and both signs.</summary>
    [Test]
    public void Round_BetweenNeighbours_TakesTheNearerAndTheEvenOne()
    {
        for (var bits = 0; bits < 0x7f7f; bits += 37)
        {
            foreach (var sign in new[] { 1f, -1f })
            {
                float low = new BFloat16((ushort)bits).ToSingle(), high = new BFloat16((ushort)(bits + 1)).ToSingle();
                var even = (bits & 1) == 0 ? low : high;
                Assert.Multiple(() =>
                {
                    Assert.That(BFloat16.Round(sign * Between(low, high, 0.25)).ToSingle(), Is.EqualTo(sign * low));
                    Assert.That(BFloat16.Round(sign * Between(low, high, 0.5)).ToSingle(), Is.EqualTo(sign * even));
                    Assert.That(BFloat16.Round(sign * Between(low, high, 0.75)).ToSingle(), Is.EqualTo(sign * high));
                });
            }
        }

        static float Between(float low, float high, double share) => (float)(low + (share * ((double)high - low)));
    }

    [TestCase(float.PositiveInfinity, 0x7f80)]
    [TestCase(float.NegativeInfinity, 0xff80)]
    [TestCase(float.MaxValue, 0x7f80)]
    [TestCase(-0f, 0x8000)]
    [TestCase(float.NaN, 0x7fff)]
    public void Round_EdgesOfTheRange_AreThoseOfACard(float value, int bits) => Assert.That(BFloat16.Round(value).Bits, Is.EqualTo(bits));
}
