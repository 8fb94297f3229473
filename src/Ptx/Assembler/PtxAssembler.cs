namespace DPT.Engine.Ptx;

/// <summary>NVIDIA's assembler as a witness: what becomes of a text on the machine, without the machine.</summary>
public static class PtxAssembler
{
    /// <summary>Why nobody can look at machine code here, and what to do; null if both tools are there.</summary>
    public static string? WhyNot => CudaTool.Assembler.WhyNot ?? CudaTool.Disassembler.WhyNot;

    /// <summary>What the assembler says of the module's kernel, for the architecture that the module names.</summary>
    /// <exception cref="PtxException">The assembler is not there, or refuses the text; the message says why.</exception>
    public static AssemblerReport Report(PtxModule module)
    {
        ArgumentNullException.ThrowIfNull(module);
        using var folder = new ScratchFolder();
        return Assemble(module, folder);
    }

    /// <summary>The same with the machine code; each instruction knows the line of the module's text that it was made of.</summary>
    /// <exception cref="PtxException">
    /// Assembler or disassembler is not there, or refuses the text; the message says why.
    /// </exception>
    public static AssembledKernel Disassemble(PtxModule module)
    {
        ArgumentNullException.ThrowIfNull(module);
        using var folder = new ScratchFolder();
        var printed = PtxParser.Parse(module.ToString());
        var report = Assemble(TextLines.Of(printed), folder, "-lineinfo");
        var (text, _) = CudaTool.Disassembler.Run("-c", "-hex", "-g", folder.Cubin);
        return new AssembledKernel(report, SassCode.Parse(text, printed));
    }

    /// <summary>The machine code of the module's kernel, as a cubin that knows the module's C# lines.</summary>
    /// <exception cref="PtxException">The assembler is not there, or refuses the text; the message says why.</exception>
    public static byte[] Cubin(PtxModule module)
    {
        ArgumentNullException.ThrowIfNull(module);
        using var folder = new ScratchFolder();
        Assemble(module, folder, "-lineinfo");
        return File.ReadAllBytes(folder.Cubin);
    }

    private static AssemblerReport Assemble(PtxModule module, ScratchFolder folder, params string[] options)
    {
        File.WriteAllText(folder.Ptx, module.ToString());
        var architecture = module.Target.Split(',')[0];
        var (output, messages) = CudaTool.Assembler.Run(["-v", $"-arch={architecture}", .. options, folder.Ptx, "-o", folder.Cubin]);
        return AssemblerReport.Parse(output + messages);
    }

    /// <summary>Where the two files are until they have been read.</summary>
    private sealed class ScratchFolder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dpt-");

        public string Ptx => Path.Combine(_folder.FullName, "kernel.ptx");

        public string Cubin => Path.Combine(_folder.FullName, "kernel.cubin");

        public void Dispose() => _folder.Delete(recursive: true);
    }
}

/// <summary>A kernel as machine code.</summary>
/// <param name="Report">What the assembler said.</param>
/// <param name="Code">The instructions.</param>
public sealed record AssembledKernel(AssemblerReport Report, SassCode Code);
