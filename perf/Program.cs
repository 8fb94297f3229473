using DPT.Engine.Kernels;
using DPT.Engine.TestSupport;
using Perf;
using TorchSharp;

const string Usage = """
    usage: dotnet run -c Release --project perf -- host [filter] [--out FILE] [--json FILE] [--seconds S] [--avx2]
      Times this engine against TorchSharp in one process, in turns. Threads: DPT_NUM_THREADS, by default all.
      Exits with 4 if results differ, or (without a filter) if a family is slower than expectations.json allows.
      filter   only the cases whose name contains it
      --out    writes the board to a file as well
      --json   writes the numbers to a file
      --seconds S   time for each case (2)
      --avx2   without AVX-512 on both sides

    usage: dotnet run -c Release --project perf -- scaling [filter] [--out FILE.md] [--seconds S] [--avx2]
      Time per image of this engine against batch, width and number of tokens, beside what the operations predict.
      Exits with 4 if a point takes 1.2 times what the best rate of the smaller points predicts.
      --out    writes the tables to a file, and a plot of each sweep beside it

    usage: dotnet run -c Release --project perf -- sim [filter] [--out FILE] [--seconds S]
      Lane instructions per second of the simulator, for every GPU variant.

    usage: dotnet run -c Release --project perf -- registers [filter] [--out FILE] [--json FILE] [--before FILE]
      Registers and spills of every GPU kernel, and instructions of every GPU variant. Needs NVIDIA's ptxas in DPT_CUDA_BIN,
      CUDA_HOME/bin, PATH or /usr/local/cuda*/bin.
      --json     writes the numbers to a file
      --before   numbers of an earlier measurement, to stand beside

    usage: dotnet run -c Release --project perf -- gpu RESULTS.JSON [--out FILE]
      The board of what perf/gpu/run.sh measured on a card, and (to standard error) what it proved there.

    usage: dotnet run -c Release --project perf -- solvers [--out FILE.md]
      What each solver loses with few evaluations, and orders of convergence, where the exact solution is known.
      --out    writes the tables to a file, and a plot beside it

    usage: dotnet run -c Release --project perf -- steps
      Time and allocated bytes of a step of each training and of a sampling evaluation (BenchmarkDotNet), at the
      default sizes. Exits with 4 if one of them allocates.
    """;

if (args.Contains(Avx2.Option))
{
    return Avx2.Run(args.Where(a => a != Avx2.Option));
}

return args is [var command, .. var rest] && Arguments.Parse(rest) is { } arguments
    ? command switch
    {
        "host" => Host(arguments),
        "scaling" => Scaling(arguments),
        "sim" => Sim(arguments),
        "registers" => Registers(arguments),
        "solvers" => Solvers(arguments),
        "steps" when rest.Length == 0 => StepBenchmarks.Run() ? 0 : 4,
        "gpu" when arguments.Filter is { } results => Gpu(results, arguments),
        _ => Help(),
    }
    : Help();

static int Host(Arguments arguments)
{
    TorchNative.Load();
    using var device = new HostDevice();
    torch.set_num_threads(device.Threads);
    var board = new Board(device, Console.Out);
    foreach (var family in Family.Host)
    {
        foreach (var (name, open) in family.Cases(device).Where(c => arguments.Wants(c.Name)))
        {
            using var comparison = open();
            board.Add(family.Name, name, comparison, SideBySide.Run(device, comparison, arguments.Budget));
        }
    }

    var isFast = board.Judge(arguments.Filter is null ? Expectations.Load(device.Width) : Expectations.None);
    arguments.Write(board.ToString());
    if (arguments.Json is not null)
    {
        File.WriteAllText(arguments.Json, board.ToJson());
    }

    return board.AllAgree && isFast ? 0 : 4;
}

static int Scaling(Arguments arguments)
{
    TorchNative.Load();
    using var device = new HostDevice();
    var board = new ScalingBoard(device, Console.Out, arguments.Out);
    foreach (var sweep in Sweeps.All(device).Where(s => arguments.Wants(s.Name)))
    {
        board.Add(sweep, sweep.Measure(arguments.Budget));
    }

    arguments.Write(board.ToString());
    return board.AllAsPredicted ? 0 : 4;
}

static int Sim(Arguments arguments)
{
    var rates = new SimRates(arguments.Budget, Console.Out);
    rates.Run(arguments.Filter);
    arguments.Write(rates.ToString());
    return 0;
}

static int Solvers(Arguments arguments)
{
    var board = new SolverBoard(arguments.Out);
    Console.Write(board);
    arguments.Write(board.ToString());
    return 0;
}

static int Registers(Arguments arguments)
{
    if (CudaTool.Assembler.WhyNot is { } reason)
    {
        Console.Error.WriteLine(reason);
        return 3;
    }

    var board = new RegisterBoard(arguments);
    Console.Write(board);
    arguments.Write(board.ToString());
    if (arguments.Json is not null)
    {
        File.WriteAllText(arguments.Json, board.Json);
    }

    return 0;
}

static int Gpu(string results, Arguments arguments)
{
    var measured = File.ReadAllText(results);
    var text = GpuBoard.Of(measured);
    Console.Write(text);
    foreach (var line in GpuBoard.Proofs(measured).Prepend("Lines for src/Kernels/Operators/proven-on-hardware.txt:"))
    {
        Console.Error.WriteLine(line);
    }

    arguments.Write(text);
    return 0;
}

static int Help()
{
    Console.Error.WriteLine(Usage);
    return 2;
}
