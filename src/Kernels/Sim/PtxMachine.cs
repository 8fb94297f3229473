namespace DPT.Engine.Kernels;

/// <summary>A kernel's PTX, decoded once, ready for launches.</summary>
internal sealed class PtxMachine
{
    /// <summary>Decodes the text; lines in messages are lines of this text.</summary>
    /// <exception cref="KernelException">The text is not PTX, or has an instruction that is not known.</exception>
    public PtxMachine(string kernel, string text)
    {
        Kernel = kernel;
        try
        {
            Program = ProgramDecoder.Decode(PtxParser.Parse(text));
        }
        catch (KernelException failure)
        {
            throw new KernelException($"{kernel}: {failure.Message}", failure);
        }
    }

    /// <summary>Name of the kernel.</summary>
    public string Kernel { get; }

    /// <summary>The decoded instructions.</summary>
    public MachineProgram Program { get; }
}
