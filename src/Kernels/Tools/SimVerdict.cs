using System.Globalization;

namespace DPT.Engine.Kernels;

/// <summary>What the statistics of a launch say about a kernel, in words: where it wastes memory traffic, and how much.</summary>
public static class SimVerdict
{
    private const int SectorBytes = 32;

    /// <summary>A quarter more than needed: misaligned rows and ragged edges are no news.</summary>
    private const double Allowed = 1.25;

    /// <summary>One line per finding, the most expensive first; at least one line.</summary>
    public static IReadOnlyList<string> Of(SimStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        var findings = statistics.Instructions
            .SelectMany(i => new[] { Uncoalesced(i), Conflicting(i), Diverging(i) })
            .OfType<Finding>()
            .OrderByDescending(f => f.Cost)
            .Select(f => f.Text)
            .ToList();
        return findings.Count > 0
            ? findings
            : ["every access of global memory is coalesced, no bank of shared memory is asked twice, no warp diverges"];
    }

    private static Finding? Uncoalesced(SimInstruction i)
    {
        var min = Math.Max(i.GlobalRequests, (i.GlobalBytesRead + i.GlobalBytesWritten + SectorBytes - 1) / SectorBytes);
        return i.Sectors <= Allowed * min ? null : new Finding(
            i.Sectors - min,
            $"{Where(i)}: uncoalesced, {Each(i.Sectors, i.GlobalRequests)} sectors per request where "
            + $"{Each(min, i.GlobalRequests)} would do");
    }

    private static Finding? Conflicting(SimInstruction i) => i.BankConflicts == 0 ? null : new Finding(
        i.BankConflicts,
        $"{Where(i)}: bank conflicts, {Each(i.BankConflicts, i.SharedRequests)} extra passes per request");

    private static Finding? Diverging(SimInstruction i) => i.Divergences == 0 ? null : new Finding(
        i.Divergences,
        $"{Where(i)}: {i.Divergences} of {i.Warps} times the lanes of a warp go different ways");

    private static string Where(SimInstruction i) =>
        $"line {i.Line}{(i.Origin is null ? "" : $" ({i.Origin})")}, {i.Text.Replace('\t', ' ')}";

    private static string Each(long total, long requests) =>
        ((double)total / requests).ToString("0.##", CultureInfo.InvariantCulture);

    private sealed record Finding(long Cost, string Text);
}
