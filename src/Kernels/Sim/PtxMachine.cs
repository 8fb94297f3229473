using System.Collections.Concurrent;

namespace DPT.Engine.Kernels;

/// <summary>A kernel's PTX, decoded once, with the machines that have run blocks of it and can do so again.</summary>
internal sealed class PtxMachine : IDisposable
{
    private readonly ConcurrentDictionary<BlockShape, ConcurrentBag<BlockMachine>> _idle = new();

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

    /// <summary>A machine for one thread to run blocks of a launch on.</summary>
    public BlockMachine Rent(PtxLaunch launch)
    {
        if (!_idle.TryGetValue(launch.Shape, out var idle) || !idle.TryTake(out var machine))
        {
            machine = new BlockMachine(launch.Shape);
        }

        machine.Begin(launch);
        return machine;
    }

    /// <summary>Gives a machine back.</summary>
    public void Return(BlockMachine machine)
    {
        machine.End();
        _idle.GetOrAdd(machine.Shape, _ => []).Add(machine);
    }

    public void Dispose()
    {
        foreach (var machine in _idle.Values.SelectMany(m => m))
        {
            machine.Dispose();
        }

        _idle.Clear();
    }
}
