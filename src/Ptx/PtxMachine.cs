namespace DPT.Engine.Ptx;

/// <summary>
/// A GPU in software: runs PTX text on this machine's threads, and looks at everything that a card does not. It knows the
/// instructions that it knows, and refuses the others by name.
/// </summary>
public sealed class PtxMachine : IDisposable
{
    private readonly LoadedProgram _program;

    /// <summary>Decodes the text; lines in messages are lines of this text.</summary>
    /// <param name="kernel">What messages call the kernel.</param>
    /// <param name="text">PTX with one entry.</param>
    /// <exception cref="PtxException">The text is not PTX, or has an instruction that is not known.</exception>
    public PtxMachine(string kernel, string text)
    {
        try
        {
            _program = new LoadedProgram(kernel, ProgramDecoder.Decode(PtxParser.Parse(text)));
        }
        catch (PtxException failure)
        {
            throw new PtxException($"{kernel}: {failure.Message}", failure);
        }
    }

    /// <summary>Runs a launch to its end on threads of this machine.</summary>
    /// <exception cref="PtxException">
    /// The launch is beyond a limit, or a thread did something wrong: an access outside of the buffers or misaligned, a read
    /// of memory that was never written, a race, a barrier that not all reach. The message says which, what and where.
    /// </exception>
    public SimStatistics Launch(PtxLaunch launch)
    {
        ArgumentNullException.ThrowIfNull(launch);
        return new RunningLaunch(_program, launch).Run();
    }

    /// <summary>Frees the shared memory of its blocks.</summary>
    public void Dispose() => _program.Dispose();
}
