using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>Kernels to machine code, for cards that shall not compile them.</summary>
internal sealed class KernelsAssembleVerb : Verb<AssembleArguments>
{
    public override string Name => "kernels assemble";

    public override string Purpose => "write the machine code of GPU variants into an archive that --device cuda prefers; needs NVIDIA's assembler";

    public override string? Word => "PATTERN";

    public override IReadOnlyList<string> Examples => ["kernels assemble", "kernels assemble matmul.bf16 --arch sm_90a --out hopper.zip"];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What it is for",
        [
            "A driver compiles the text of a kernel with its own compiler, of its own age. A cubin runs as `kernels sass` showed it,"
            + " needs no time to compile, and names C# lines to NVIDIA's profiler and sanitizer.",
            "An archive is found as cubins.zip beside the program, or where " + CubinArchive.Variable + " says. A cubin runs where its"
            + " architecture is the card's (sm_80: all cards of generation 8; sm_90a: Hopper) and its text is the one that would be compiled"
            + " otherwise, to the letter; the driver compiles all others. `kernels list` and `doctor` say what is there, and"
            + " `kernels test` and `kernels bench` what ran.",
        ]),
    ];

    protected override int Execute(AssembleArguments arguments, CliContext context)
    {
        IReadOnlyList<PtxArchitecture> architectures = arguments.Arch is { } name ? [PtxArchitecture.Find(name)] : PtxArchitecture.All;
        var kernels = KernelPattern.FindAllGpu(arguments.Words.FirstOrDefault(""))
            .SelectMany(v => ((IGpuVariant)v.Variant).Kernels).DistinctBy(k => k.Id).ToList();
        if (PtxAssembler.WhyNot is { } reason)
        {
            throw new DptException(FailureKind.Environment, reason);
        }

        var file = arguments.Out ?? "cubins.zip";
        AtomicFile.Write(file, stream => CubinArchive.Write(stream, kernels, architectures, (kernel, architecture) =>
        {
            context.Stop.ThrowIfCancellationRequested();
            context.Terminal.Detail($"{kernel.Id} for {architecture}");
        }));
        VerbResult.Of([new("file", file), new("cubins", CubinArchive.Open(file).Count), new("bytes", new FileInfo(file).Length)])
            .Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }
}
