using SharpFuzz.Common;

namespace Fuzz;

/// <summary>The search finds what is hidden behind branches, led by the counts of edges alone.</summary>
public sealed unsafe class CampaignTests
{
    private const int Runs = 20_000;
    private static readonly byte[] _secret = [1, 2, 4];

    [Test]
    public void Run_AFaultBehindThreeBytes_IsFoundByEdgesAndShrunk()
    {
        var campaign = Searched(Guarded, seed: 3);
        var (input, fault) = campaign.Findings.Single();
        Assert.That(fault.Key, Is.EqualTo("found"));
        Assert.That(input, Has.Length.GreaterThanOrEqualTo(_secret.Length));
        Assert.That(campaign.Shrink([.. _secret, .. new byte[100]], fault, () => false), Is.EqualTo(_secret));
        Assert.That(campaign.Edges, Is.EqualTo(_secret.Length + 1));
    }

    [Test]
    public void Run_WithoutEdges_FindsNothingInTheSameTime()
    {
        var campaign = Searched(input => input.AsSpan().StartsWith(_secret) ? new Fault("found", "") : null, seed: 3);
        Assert.That(campaign.Executions, Is.EqualTo(Runs));
        Assert.That(campaign.Findings, Is.Empty);
    }

    [Test]
    public void Run_TheSameSeed_TriesTheSameInputs()
    {
        Assert.That(Tried(seed: 5), Is.EqualTo(Tried(seed: 5)));
        Assert.That(Tried(seed: 6), Is.Not.EqualTo(Tried(seed: 5)));
    }

    /// <summary>An instrumented comparison: a branch a byte, in a map of its own for each.</summary>
    private static Fault? Guarded(byte[] input)
    {
        var right = 0;
        Trace.SharedMem[0]++;
        while (right < _secret.Length && right < input.Length && input[right] == _secret[right])
        {
            Trace.SharedMem[++right]++;
        }

        return right == _secret.Length ? new Fault("found", "") : null;
    }

    private static Campaign Searched(Func<byte[], Fault?> attempt, int seed)
    {
        Coverage.Begin();
        var campaign = new Campaign(attempt, seed);
        campaign.Run([new byte[4]], () => campaign.Findings.Count > 0 || campaign.Executions >= Runs);
        return campaign;
    }

    private static List<string> Tried(int seed)
    {
        Coverage.Begin();
        var tried = new List<string>();
        var campaign = new Campaign(
            input =>
            {
                tried.Add(Convert.ToHexString(input));
                return Guarded(input);
            },
            seed);
        campaign.Run([new byte[4], _secret[..2]], () => campaign.Executions >= 500);
        return tried;
    }
}
