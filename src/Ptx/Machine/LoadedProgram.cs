using System.Collections.Concurrent;

namespace DPT.Engine.Ptx;

/// <summary>A decoded kernel, with the machines that have run blocks of it and can do so again.</summary>
/// <param name="kernel">What messages call it.</param>
/// <param name="program">Its instructions.</param>
internal sealed class LoadedProgram(string kernel, MachineProgram program) : IDisposable
{
    private readonly ConcurrentDictionary<BlockShape, ConcurrentBag<BlockMachine>> _idle = new();

    public string Kernel => kernel;

    public MachineProgram Program => program;

    /// <summary>A machine for one thread to run blocks of a launch on.</summary>
    public BlockMachine Rent(RunningLaunch launch)
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
