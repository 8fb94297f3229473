using System.Globalization;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>The profile of a session: a table for people, a trace for a viewer.</summary>
internal static class ProfileReport
{
    /// <summary>Prints the table as messages and writes the trace into the run folder.</summary>
    public static void Write(OperatorProfile profile, Device device, RunFolder folder, Terminal terminal)
    {
        HostPeaks? peaks = device is HostDevice host ? HostPeaks.Measure(host) : null;
        foreach (var line in Table(profile, peaks).Lines())
        {
            terminal.Message(line);
        }

        if (peaks is { } measured)
        {
            terminal.Message(Text($"of peak: {measured.Flops / 1e9:0} GFLOP/s in registers, {measured.Bytes / 1e9:0} GB/s copied"));
        }

        AtomicFile.Write(folder.TracePath, profile.WriteTrace);
        terminal.Message($"trace: {folder.TracePath}");
    }

    private static TextTable Table(OperatorProfile profile, HostPeaks? peaks)
    {
        var (rows, wall) = (profile.Rows, profile.WallSeconds);
        var table = new TextTable();
        table.Add("operator", "calls", "seconds", "share", "GFLOP/s", "of peak", "GB/s", "of copy");
        foreach (var row in rows)
        {
            table.Add(
                row.Id,
                Text($"{row.Calls}"),
                Text($"{row.Seconds:0.00}"),
                Text($"{row.Seconds / wall:p0}"),
                Text($"{row.FlopRate / 1e9:0}"),
                peaks is null ? "" : Text($"{row.FlopRate / peaks.Value.Flops:p0}"),
                Text($"{row.ByteRate / 1e9:0.0}"),
                peaks is null ? "" : Text($"{row.ByteRate / peaks.Value.Bytes:p0}"));
        }

        var other = wall - rows.Sum(r => r.Seconds);
        table.Add("everything else", "", Text($"{other:0.00}"), Text($"{other / wall:p0}"), "", "", "", "");
        return table;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
