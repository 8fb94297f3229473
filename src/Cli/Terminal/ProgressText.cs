using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Progress in words: <c>stage 2: train  430/1500 steps  7.1/s  2m 31s left  loss 0.12</c>.</summary>
internal static class ProgressText
{
    /// <summary>All of it.</summary>
    public static string Line(in WorkProgress p) => $"{p.Work}  {Position(in p)}";

    /// <summary>Without the name of the work.</summary>
    public static string Position(in WorkProgress p)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{p.Done}/{p.Total} {p.Unit}");
        if (p.PerSecond > 0 && p.Done < p.Total)
        {
            var rate = p.PerSecond.ToString(p.PerSecond < 10 ? "0.0" : "0", CultureInfo.InvariantCulture);
            text += $"  {rate}/s  {Duration((p.Total - p.Done) / p.PerSecond)} left";
        }

        return p.Detail.Length > 0 ? $"{text}  {p.Detail}" : text;
    }

    /// <summary>A duration in its two largest units.</summary>
    public static string Duration(double seconds)
    {
        var s = (long)Math.Ceiling(Math.Min(seconds, 1e9));
        return s switch
        {
            < 60 => $"{s}s",
            < 3600 => $"{s / 60}m {s % 60:00}s",
            _ => $"{s / 3600}h {s / 60 % 60:00}m",
        };
    }
}
