using CommandLine;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>What the kernel verbs understand that run on a device.</summary>
internal class KernelArguments : CommonArguments
{
    [OptionGroup("Performance")]
    [Option("device", MetaValue = "NAME", HelpText = "auto, host, cuda or sim [auto]")]
    public string? Device { get; set; }

    [OptionGroup("Performance")]
    [Option("seed", MetaValue = "S", HelpText = "seed of the operands [1]")]
    public string? Seed { get; set; }
}

/// <summary>What <c>kernels test</c> understands.</summary>
internal sealed class KernelTestArguments : KernelArguments
{
    [OptionGroup("Settings")]
    [Option("case", MetaValue = "LABEL", HelpText = "only this case, by its label or a part of it [all]")]
    public string? Case { get; set; }

    [OptionGroup("Settings")]
    [Option("against", MetaValue = "NAME", HelpText = "run on this device too, and count the cases whose bits differ")]
    public string? Against { get; set; }

    [OptionGroup("Settings")]
    [Option("replay", MetaValue = "FILE", HelpText = "run the cases that failed before, from the file written then")]
    public string? Replay { get; set; }
}

/// <summary>What <c>kernels assemble</c> understands.</summary>
internal sealed class AssembleArguments : CommonArguments
{
    [OptionGroup("Settings")]
    [Option("arch", MetaValue = "NAME", HelpText = "sm_80 or sm_90a [both]")]
    public string? Arch { get; set; }

    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "FILE", HelpText = "the archive to write [cubins.zip]")]
    public string? Out { get; set; }
}

/// <summary>What the kernel verbs understand that make code.</summary>
internal class ArchitectureArguments : CommonArguments
{
    [OptionGroup("Settings")]
    [Option("arch", MetaValue = "NAME", HelpText = "sm_80 or sm_90a [the least that the variant runs on]")]
    public string? Arch { get; set; }

    /// <summary>What was asked for; if nothing was, the least that all of the variants run on.</summary>
    /// <exception cref="PtxException">There is none of that name.</exception>
    public PtxArchitecture ArchitectureFor(params IEnumerable<KernelVariant> variants) => Arch is null
        ? variants.Select(v => v.MinArchitecture()).Aggregate(PtxArchitecture.Sm80, (all, own) => all.Runs(own) ? all : own)
        : PtxArchitecture.Find(Arch);
}

/// <summary>What <c>kernels ptx</c> understands.</summary>
internal class PtxArguments : ArchitectureArguments
{
    [OptionGroup("Output")]
    [Option("diff", MetaValue = "ID", HelpText = "print the difference to this variant, and the counts of both")]
    public string? Diff { get; set; }
}

/// <summary>What <c>kernels sass</c> understands.</summary>
internal sealed class SassArguments : PtxArguments
{
    [OptionGroup("Settings")]
    [Option("case", MetaValue = "LABEL", HelpText = "the case that says what runs how often, by its label or a part of it [the largest]")]
    public string? Case { get; set; }

    [OptionGroup("Output")]
    [Option("loop", HelpText = "the instructions of loops only")]
    public bool Loop { get; set; }
}

/// <summary>What <c>kernels sim</c> understands.</summary>
internal sealed class SimArguments : ArchitectureArguments
{
    [OptionGroup("Settings")]
    [Option("case", MetaValue = "LABEL", HelpText = "the case, by its label or a part of it [the largest]")]
    public string? Case { get; set; }
}

/// <summary>What <c>kernels tune</c> understands.</summary>
internal class TuneArguments : CommonArguments
{
    [OptionGroup("Settings")]
    [Option("case", MetaValue = "LABEL", HelpText = "shapes with this in their label [those of real networks]")]
    public string? Case { get; set; }

    [OptionGroup("Performance")]
    [Option("device", MetaValue = "NAME", HelpText = "auto, host or cuda [auto]")]
    public string? Device { get; set; }

    [OptionGroup("Performance")]
    [Option("seconds", MetaValue = "S", HelpText = "time for each variant and shape [1]")]
    public string? Seconds { get; set; }
}

/// <summary>What <c>kernels bench</c> understands.</summary>
internal sealed class BenchArguments : TuneArguments
{
    [OptionGroup("Output")]
    [Option("plot", MetaValue = "FILE", HelpText = "a page with the time of every turn")]
    public string? Plot { get; set; }
}
