using DPT.Engine.Kernels;
using DPT.Engine.TestSupport;
using Perf;
using TorchSharp;

const string Usage = """
    usage: dotnet run -c Release --project perf -- host [filter] [--out FILE] [--seconds S]
      Times this engine against TorchSharp in one process, in turns. Threads: DPT_NUM_THREADS, by default all.
      filter   only the cases whose name contains it
      --out    writes the board to a file as well
      --seconds S   time for each case (2)
    """;

string? filter = null, file = null;
var seconds = 2.0;
for (var i = 1; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--out" when i + 1 < args.Length:
            file = args[++i];
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

if (args is not ["host", ..])
{
    Console.Error.WriteLine(Usage);
    return 2;
}

TorchNative.Load();
using var device = new HostDevice();
torch.set_num_threads(device.Threads);
var board = new Board(device, Console.Out);
foreach (var family in Families.Host)
{
    foreach (var (name, open) in family(device).Where(c => filter is null || c.Name.Contains(filter)))
    {
        using var contest = open();
        board.Add(name, contest, Duel.Run(device, contest, TimeSpan.FromSeconds(seconds)));
    }
}

if (file is not null)
{
    File.WriteAllText(file, board.ToString());
}

return board.AllAgree ? 0 : 4;
