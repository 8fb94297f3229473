using System.Globalization;
using System.Runtime.InteropServices;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>What this machine offers, and what is missing.</summary>
internal sealed class DoctorVerb : Verb<CommonArguments>
{
    public override string Name => "doctor";

    public override string Purpose => "what this machine offers: devices, vector width, threads, memory, write access";

    public override IReadOnlyList<string> Examples => ["doctor", "doctor --json"];

    protected override int Execute(CommonArguments arguments, CliContext context)
    {
        using var host = new HostDevice();
        var fault = WriteFault();
        NamedValue[] facts =
        [
            new("engine", EngineVersion.Text),
            new("runtime", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}"),
            new("processor", Processor()),
            new("host", $"usable: {host.Description}"),
            new("cuda", Cuda()),
            new("sim", "usable: runs GPU code anywhere, exactly and slowly"),
            new("assembler", Assembler()),
            new("machine code", MachineCode()),
            new("memory", Memory()),
            new("kernels", Kernels()),
            new("tuning cache", Tuning()),
            new("run folders", fault ?? $"can be written in {Environment.CurrentDirectory}"),
            new("TorchSharp", "not needed; the differential tests bring their own"),
        ];
        var result = VerbResult.Of(facts);
        foreach (var line in arguments.Json ? [result.Json] : result.Lines)
        {
            context.Terminal.Result(line);
        }

        return fault is null ? ExitCodes.Done : ExitCodes.Environment;
    }

    private static string Processor()
    {
        const string Linux = "/proc/cpuinfo";
        var model = File.Exists(Linux)
            ? File.ReadLines(Linux).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
            : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        var name = model?.Split(':')[^1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
        return string.Create(CultureInfo.InvariantCulture, $"{name}, {Environment.ProcessorCount} usable");
    }

    private static string Cuda()
    {
        if (CudaDevice.WhyNot is { } reason)
        {
            return $"not usable: {reason}";
        }

        try
        {
            using var device = new CudaDevice();
            return $"usable: {device.Description}";
        }
        catch (KernelException failure)
        {
            return $"not usable: {failure.Message}";
        }
    }

    private static string Assembler() =>
        PtxAssembler.WhyNot is { } reason ? $"not usable: {reason}" : $"usable: {CudaTool.Assembler.Path}";

    private static string MachineCode()
    {
        try
        {
            return CubinArchive.Default() is not { } cubins
                ? "none: a driver compiles all kernels; `dpt kernels assemble` makes cubins.zip"
                : $"{cubins.Count} cubins for {string.Join(" and ", cubins.Architectures)} in {cubins.Path}";
        }
        catch (DeviceException failure)
        {
            return $"not usable: {failure.Message}";
        }
    }

    private static string Kernels() => string.Create(
        CultureInfo.InvariantCulture,
        $"{KernelRegistry.Operators.Count} operators, {KernelRegistry.Operators.Sum(o => o.Variants.Count)} variants");

    private static string Memory() => string.Create(
        CultureInfo.InvariantCulture,
        $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30):0.0} GiB for this process");

    private static string Tuning()
    {
        if (TuningCache.DefaultPath() is not { } path)
        {
            return $"none: there is no home folder; {TuningCache.Variable} can name a file";
        }

        var cache = TuningCache.Open(path);
        return cache.Problem is { } problem ? $"{cache.Path} is ignored: {problem}"
            : File.Exists(cache.Path) ? cache.Path
            : $"none yet; it would be {cache.Path}";
    }

    private static string? WriteFault()
    {
        var probe = Path.Combine(Environment.CurrentDirectory, $".dpt-{Environment.ProcessId}.part");
        try
        {
            using (new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
            {
                return null;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"cannot be written in {Environment.CurrentDirectory}: {e.Message}";
        }
    }
}
