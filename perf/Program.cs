using DPT.Engine.Kernels;
using DPT.Engine.TestSupport;
using Perf;
using TorchSharp;

const string Usage = """
    usage: dotnet run -c Release --project perf -- host [filter] [--out FILE] [--json FILE] [--seconds S]
      Times this engine against TorchSharp in one process, in turns. Threads: DPT_NUM_THREADS, by default all.
      Exits with 4 if results differ, or (without a filter) if a family is slower than expectations.json allows.
      filter   only the cases whose name contains it
      --out    writes the board to a file as well
      --json   writes the numbers to a file
      --seconds S   time for each case (2)

    usage: dotnet run -c Release --project perf -- sim [filter] [--out FILE] [--seconds S]
      Lane instructions per second of the simulator, for every GPU variant.

    usage: dotnet run -c Release --project perf -- gpu RESULTS.JSON [--out FILE]
      The board of what perf/gpu/run.sh measured on a card, and (to standard error) what it proved there.

    usage: dotnet run -c Release --project perf -- steps
      Time and allocated bytes of a step of each training and of a sampling evaluation (BenchmarkDotNet), at the
      default sizes. Exits with 4 if one of them allocates.
    """;

if (args is ["steps"])
{
    return StepBenchmarks.Run() ? 0 : 4;
}

if (args is ["gpu", var results, ..] && (args.Length == 2 || args is [_, _, "--out", _]))
{
    var measured = File.ReadAllText(results);
    var text = GpuBoard.Of(measured);
    Console.Write(text);
    foreach (var line in GpuBoard.Proofs(measured).Prepend("Lines for src/Kernels/Registry/proven-on-hardware.txt:"))
    {
        Console.Error.WriteLine(line);
    }

    if (args.Length > 2)
    {
        File.WriteAllText(args[3], text);
    }

    return 0;
}

string? filter = null, file = null, json = null;
var seconds = 2.0;
for (var i = 1; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--out" when i + 1 < args.Length:
            file = args[++i];
            break;
        case "--json" when i + 1 < args.Length:
            json = args[++i];
            break;
        case "--seconds" when i + 1 < args.Length && double.TryParse(args[i + 1], out seconds) && seconds > 0:
            i++;
            break;
        case var text when filter is null && !text.StartsWith('-'):
            filter = text;
            break;
        default:
            Console.Error.WriteLine(Usage);
            return 2;
    }
}

if (args is ["sim", ..])
{
    var rates = new SimRates(TimeSpan.FromSeconds(seconds), Console.Out);
    rates.Run(filter);
    if (file is not null)
    {
        File.WriteAllText(file, rates.ToString());
    }

    return 0;
}

if (args is not ["host", ..])
{
    Console.Error.WriteLine(Usage);
    return 2;
}

TorchNative.Load();
using var device = new HostDevice();
torch.set_num_threads(device.Threads);
var board = new Board(device, Console.Out);
foreach (var family in Family.Host)
{
    foreach (var (name, open) in family.Cases(device).Where(c => filter is null || c.Name.Contains(filter)))
    {
        using var contest = open();
        board.Add(family.Name, name, contest, Duel.Run(device, contest, TimeSpan.FromSeconds(seconds)));
    }
}

var isFast = board.Judge(filter is null ? Expectations.Load(device.Width) : Expectations.None);
if (file is not null)
{
    File.WriteAllText(file, board.ToString());
}

if (json is not null)
{
    File.WriteAllText(json, board.ToJson());
}

return board.AllAgree && isFast ? 0 : 4;
