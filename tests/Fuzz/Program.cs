using System.Diagnostics;
using DPT.Engine.Dpt.Tests;

namespace Fuzz;

/// <summary>
/// Looks for files that make a reader crash, hang, take much memory or write:
/// <c>dotnet run -c Release --project tests/Fuzz -- [--only TEXT] [--seconds S] [--runs N] [--seed N] [--out DIR] [--replay FILE]</c>.
/// Exit code 0 if none was found, 4 if one was.
/// </summary>
internal static class Program
{
    private const int MostDeaths = 5;

    public static int Main(string[] arguments)
    {
        if (arguments is [Worker.Verb, .. var rest])
        {
            return Worker.Run(Options.Parse(rest)!);
        }

        if (Options.Parse(arguments) is not { } options || ReadersOf(options) is not { Count: > 0 } readers)
        {
            Console.Error.WriteLine($"{Options.Usage}\nreaders: {string.Join("; ", HostileReader.All.Select(reader => reader.Name))}");
            return 2;
        }

        return (options.Replay is { } file ? Replay(readers, File.ReadAllBytes(file)) : Search(readers, options)) == 0 ? 0 : Worker.Found;
    }

    private static List<HostileReader> ReadersOf(Options options) =>
        [.. HostileReader.All.Where(reader => reader.Name.Contains(options.Only, StringComparison.OrdinalIgnoreCase))];

    /// <summary>Reads one file, in this process: a debugger may look on. How many readers it harms.</summary>
    private static int Replay(List<HostileReader> readers, byte[] input) => readers.Count(reader =>
    {
        using var target = new ReaderTarget(reader);
        var fault = target.Try(input);
        Console.WriteLine($"{reader}: {fault?.Text ?? "no harm"}");
        return fault is not null;
    });

    /// <summary>Tries one reader after another. How many findings there are.</summary>
    private static int Search(List<HostileReader> readers, Options options)
    {
        using var program = new Instrumented();
        Console.WriteLine("| reader | executions | edges | kept inputs | findings |\n|---|---|---|---|---|");
        return readers.Sum(reader => Search(program, options with { Only = reader.Name }));
    }

    /// <summary>A process that dies of its input is followed by another, with other draws.</summary>
    private static int Search(Instrumented program, Options options)
    {
        var (clock, findings, counts) = (Stopwatch.StartNew(), 0, default(Counts));
        for (var deaths = 0; counts is null && deaths < MostDeaths; deaths++)
        {
            var seconds = Math.Max(1, options.Seconds - (int)clock.Elapsed.TotalSeconds);
            counts = program.Run(options with { Seed = options.Seed + deaths, Seconds = seconds });
            findings += counts?.Findings ?? 1;
        }

        Console.WriteLine($"| {options.Only} | {counts?.Executions} | {counts?.Edges} | {counts?.Kept} | {findings} |");
        return findings;
    }
}
