using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DPT.Engine.Ptx;

/// <summary>
/// 32 threads in lockstep: their registers, and which of them are active. Where they diverge, one side waits on a stack
/// until the other has come to the place where both meet.
/// </summary>
internal sealed unsafe class SimWarp : IDisposable
{
    /// <summary>Far more instructions than a warp of a right kernel runs in one block; some seconds.</summary>
    private const long Patience = 200_000_000;

    private readonly MachineProgram _program;
    private readonly MachineInstruction[] _code;
    private readonly InstructionCounter[] _counters;
    private readonly Stack<Path> _waiting = new();
    private readonly byte* _registers;
    private readonly byte* _fresh;
    private readonly uint _lanes;
    private int _meet;
    private long _spent;

    public SimWarp(BlockMachine block, BlockShape shape, int number, WarpOrder order, Agents agents)
    {
        Block = block;
        Number = number;
        _program = shape.Program;
        _code = _program.Code;
        _counters = block.Counters;
        var lanes = Math.Min(Lanes.Count, shape.Threads - (number * Lanes.Count));
        _lanes = lanes == Lanes.Count ? Lanes.All : (1u << lanes) - 1;
        _registers = (byte*)NativeMemory.AlignedAlloc((nuint)_program.Registers.Bytes, 64);
        _fresh = (byte*)NativeMemory.AlignedAlloc((nuint)_program.Registers.Bytes, 64);
        Local = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(64, _program.LocalBytes * Lanes.Count), 64);
        Addresses = (ulong*)NativeMemory.AlignedAlloc(Lanes.Count * sizeof(ulong), 64);
        Stores = new BulkStores(this, order, agents.StoresOf(number));
        Products = new GroupProducts(this, _program.WatchedRegisters);
        FillFresh(shape);
    }

    public BlockMachine Block { get; }

    /// <summary>Number within the block.</summary>
    public int Number { get; }

    /// <summary>Local memory: that of lane 0 first.</summary>
    public byte* Local { get; }

    /// <summary>Scratch for the addresses of one access.</summary>
    public ulong* Addresses { get; }

    /// <summary>The instruction that runs, or ran last.</summary>
    public int Current { get; private set; }

    /// <summary>The instruction to run next.</summary>
    public int Next { get; set; }

    /// <summary>The last barrier that it came to, of the block or its own; -1 before the first.</summary>
    public int LastBarrier { get; set; }

    /// <summary>Lanes that have accessed memory since the lanes met.</summary>
    public uint Touched { get; set; }

    /// <summary>What it waits for, unless that is a barrier that has a number.</summary>
    public IAwaited? Awaited { get; set; }

    /// <summary>Lanes whose place a lower lane writes as well, in the store that runs.</summary>
    public uint Repeated { get; set; }

    /// <summary>Lanes that run the next instruction.</summary>
    public uint Active { get; private set; }

    /// <summary>Lanes that have not left the kernel.</summary>
    public uint Alive { get; private set; }

    /// <summary>Whether it waits for other warps.</summary>
    public bool IsWaiting { get; set; }

    /// <summary>Whether all lanes have left the kernel.</summary>
    public bool HasEnded => Alive == 0;

    /// <summary>Copies on their way to shared memory.</summary>
    public AsyncCopies Copies { get; } = new();

    /// <summary>Bulk stores from shared memory.</summary>
    public BulkStores Stores { get; }

    /// <summary>Its part of its warpgroup's products.</summary>
    public GroupProducts Products { get; }

    /// <summary>The array of 32 elements at a place of the register file.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T* At<T>(int offset) where T : unmanaged => (T*)(_registers + offset);

    /// <summary>The counters of the instruction that runs.</summary>
    public ref InstructionCounter Counter => ref _counters[Current];

    /// <summary>Starts the threads of a block: everything that a register held before is overwritten.</summary>
    public void Start(GridSize grid, (int X, int Y, int Z) block)
    {
        NativeMemory.Copy(_fresh, _registers, (nuint)_program.Registers.Bytes);
        NativeMemory.Clear(Local, (nuint)(_program.LocalBytes * Lanes.Count));
        SpecialRegisters.FillBlock(_registers, grid, block);
        Alive = Active = _lanes;
        Next = Current = 0;
        LastBarrier = -1;
        _spent = 0;
        _meet = ControlFlow.Exit;
        _waiting.Clear();
        Copies.Abandon(Block.Shared);
        Stores.Clear();
        Products.Clear();
        Touched = 0;
        Awaited = null;
        IsWaiting = false;
    }

    /// <summary>Runs at most that many instructions, until the warp waits or has ended.</summary>
    public void Run(int quantum)
    {
        _spent += quantum;
        if (_spent > Patience)
        {
            throw new SimFault($"has run {Patience} instructions in one block and is not done: an endless loop?");
        }

        for (; quantum > 0 && !IsWaiting && Alive != 0; quantum--)
        {
            if (Next == _meet)
            {
                Resume();
                continue;
            }

            Current = Next++;
            var instruction = _code[Current];
            var mask = Active;
            if (instruction.Guard >= 0)
            {
                mask &= *(uint*)(_registers + instruction.Guard) ^ instruction.GuardFlip;
            }

            ref var counter = ref Counter;
            counter.Warps++;
            counter.Lanes += BitOperations.PopCount(mask);
            if (mask != 0)
            {
                instruction.Execute(this, mask);
            }
        }
    }

    /// <summary>The instruction that runs runs once more, when what it waits for has come.</summary>
    public void RunAgainAfter(IAwaited awaited, uint mask)
    {
        Next = Current;
        Counter.Warps--;
        Counter.Lanes -= BitOperations.PopCount(mask);
        BlockMachine.Await(this, awaited);
    }

    /// <summary>Lanes hand over what they know.</summary>
    public void Release(uint lanes, Knowledge to) => Block.Order.Release(Number, lanes, TakeTouched(lanes), to);

    /// <summary>Lanes learn what was handed over.</summary>
    public void Acquire(uint lanes, Knowledge from) => Block.Order.Acquire(Number, lanes, lanes == Alive, from);

    /// <summary>What the lanes know, is seen from now on by what they start in the background.</summary>
    public void FenceProxy(uint lanes) => Block.Order.FenceProxy(Number, lanes, TakeTouched(lanes), lanes == Alive);

    /// <summary>Throws if something that the warp has begun was not waited for.</summary>
    public void RequireNothingUnderWay()
    {
        if (Products.IsBusy)
        {
            throw new SimFault("ends with products of its warpgroup that were not waited for (wgmma.wait_group)");
        }

        if (Stores.IsBusy)
        {
            throw new SimFault("ends with bulk stores that were not waited for (cp.async.bulk.wait_group)");
        }
    }

    /// <summary>Lanes of the mask go elsewhere, the other active ones do not.</summary>
    public void Branch(uint taken, int target, int meet, bool othersFirst)
    {
        if (taken == Active)
        {
            Next = target;
            return;
        }

        Counter.Divergences++;
        if (othersFirst)
        {
            Split(taken, target, meet);
            return;
        }

        Split(Active & ~taken, Next, meet);
        Next = target;
    }

    /// <summary>Puts some active lanes aside; they go on once the others have come to the meeting place.</summary>
    public void Split(uint lanes, int next, int meet)
    {
        if (meet != _meet && meet != ControlFlow.Exit)
        {
            _waiting.Push(new Path(meet, _meet, Active));
        }

        _waiting.Push(new Path(next, meet, lanes));
        _meet = meet;
        Active &= ~lanes;
    }

    /// <summary>The lanes leave the kernel.</summary>
    public void Leave(uint lanes)
    {
        Alive &= ~lanes;
        Active &= ~lanes;
        if (Active == 0 && Alive != 0)
        {
            Resume();
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_registers);
        NativeMemory.AlignedFree(_fresh);
        NativeMemory.AlignedFree(Local);
        NativeMemory.AlignedFree(Addresses);
    }

    /// <summary>Whether no other lane has accessed anything since the lanes met; then nobody has, from now on.</summary>
    private bool TakeTouched(uint lanes)
    {
        var areAlone = (Touched & ~lanes) == 0;
        Touched = areAlone ? 0 : Touched;
        return areAlone;
    }

    private void Resume()
    {
        do
        {
            (Next, _meet, var lanes) = _waiting.Pop();
            Active = lanes & Alive;
        }
        while (Active == 0);
    }

    /// <summary>What the registers hold when a block begins, the place of the block apart.</summary>
    private void FillFresh(BlockShape shape)
    {
        // A pattern that is a large negative number: the same for every block, so that nothing depends on the one before.
        const byte Poison = 0xAD;
        NativeMemory.Fill(_fresh, (nuint)_program.Registers.Bytes, Poison);
        foreach (var (offset, size, bits) in _program.Registers.Constants)
        {
            for (var lane = 0; lane < Lanes.Count; lane++)
            {
                NativeMemory.Copy(&bits, _fresh + offset + (lane * size), (nuint)size);
            }
        }

        SpecialRegisters.Fill(_fresh, shape, Number);
    }

    private readonly record struct Path(int Next, int Meet, uint Lanes);
}
