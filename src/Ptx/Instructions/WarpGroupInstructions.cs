namespace DPT.Engine.Ptx;

/// <summary>
/// <c>wgmma.mma_async.m64nNk16</c> of bf16 factors: D = A B + D with D 64 x N in single precision. Warp w of the group holds rows 16w to
/// 16w + 15 of D, and of A if that is in registers: lane 4g+t rows g and g+8, of D columns 2t and 2t+1 of every eight. The sums
/// are those of <c>mma.sync</c>.
/// </summary>
internal sealed unsafe class GroupMultiplyInstruction : MachineInstruction, IAsyncInstruction
{
    private const int Rows = 16;
    private const int Depth = 16;
    private const int Columns = FusedSum.Columns;
    private const int SumsOfABlock = 4;

    /// <summary>Columns of the product.</summary>
    public required int N { get; init; }

    /// <summary>Places of the sums.</summary>
    public required int[] Sums { get; init; }

    /// <summary>Place of the descriptor of A, or places of its fragments.</summary>
    public required int[] A { get; init; }

    /// <summary>Place of the descriptor of B.</summary>
    public required int B { get; init; }

    /// <summary>Whether the old sums are added to: place of a predicate.</summary>
    public required (int Offset, uint Flip) Keep { get; init; }

    /// <summary>Signs of the factors.</summary>
    public required (float A, float B) Signs { get; init; }

    /// <summary>Whether rows of A, and columns of B, are adjacent in shared memory.</summary>
    public required (bool A, bool B) AreTransposed { get; init; }

    /// <summary>Numbers of the sums among the watched registers.</summary>
    public required int[] WatchedSums { get; init; }

    /// <summary>Numbers of the fragments of A among the watched registers.</summary>
    public required int[] WatchedFactors { get; init; }

    private bool IsInRegisters => WatchedFactors.Length > 0;

    public override void Execute(SimWarp warp, uint mask)
    {
        WarpInstruction.ExpectAll(mask);
        var left = IsInRegisters ? 0 : Uniform(warp, A[0]);
        var right = Uniform(warp, B);
        var kept = *warp.At<uint>(Keep.Offset) ^ Keep.Flip;
        if (kept is not 0 and not Lanes.All)
        {
            throw new SimFault("adds to the sums in some of its lanes alone");
        }

        var group = warp.Block.GroupOf(warp);
        group.Step(warp, left, right, kept != 0);
        warp.Products.Begin(WatchedSums, WatchedFactors, N);
        var moment = warp.Block.Order.BlockStart + (uint)warp.Products.Groups;
        warp.Block.Order.Reach(group.Agent, moment);
        var mark = new AccessMark(moment, group.Agent, warp.Current, AccessMark.ManyLanes);
        Multiply(warp, mark, left, right, kept != 0);
    }

    private static ulong Uniform(SimWarp warp, int place)
    {
        var all = new ReadOnlySpan<ulong>(warp.At<ulong>(place), Lanes.Count);
        return all.ContainsAnyExcept(all[0]) ? throw new SimFault("has different descriptors in its lanes") : all[0];
    }

    private void Multiply(SimWarp warp, AccessMark mark, ulong left, ulong right, bool isAdded)
    {
        var a = stackalloc float[Rows * Depth];
        var b = stackalloc float[Depth * N];
        if (IsInRegisters)
        {
            GatherA(warp, a);
        }
        else
        {
            var rows = Rows * (warp.Number % Agents.WarpsOfAGroup);
            Gather(warp, mark, new FactorMatrix(left, AreTransposed.A), AreTransposed.A, rows, Rows, Signs.A, Rows, a, Depth, 1);
        }

        Gather(warp, mark, new FactorMatrix(right, AreTransposed.B), AreTransposed.B, 0, N, Signs.B, Columns, b, 1, Columns);
        var sums = stackalloc float[Rows * Columns];
        for (var block = 0; block < N / Columns; block++)
        {
            var registers = Sums.AsSpan(block * SumsOfABlock, SumsOfABlock);
            if (isAdded)
            {
                MatrixFragment.Read(warp, sums, registers);
            }
            else
            {
                new Span<float>(sums, Rows * Columns).Clear();
            }

            FusedSum.Add(sums, a, b + (block * Depth * Columns), Rows, Depth);
            MatrixFragment.Write(warp, sums, registers);
        }
    }

    private void GatherA(SimWarp warp, float* to)
    {
        for (var register = 0; register < A.Length; register++)
        {
            var words = warp.At<uint>(A[register]);
            for (var lane = 0; lane < Lanes.Count; lane++)
            {
                var (row, term) = ((lane / 4) + (register % 2 * 8), (lane % 4 * 2) + (register / 2 * 8));
                to[(row * Depth) + term] = Signs.A * BFloat16Element.Get(words[lane], 0);
                to[(row * Depth) + term + 1] = Signs.A * BFloat16Element.Get(words[lane], 1);
            }
        }
    }

    /// <summary>Reads a factor from shared memory, run by run, into blocks of so many rows by <see cref="Depth"/> terms.</summary>
    private static void Gather(
        SimWarp warp, AccessMark mark, FactorMatrix matrix, bool isTransposed, int first, int rows, float sign,
        int rowsOfBlock, float* to, int rowStride, int termStride)
    {
        matrix.Validate();
        var (stepRow, stepTerm) = isTransposed ? (FactorMatrix.Run, 1) : (1, FactorMatrix.Run);
        var stride = isTransposed ? rowStride : termStride;
        for (var row = 0; row < rows; row += stepRow)
        {
            var block = to + (row / rowsOfBlock * rowsOfBlock * Depth) + (row % rowsOfBlock * rowStride);
            for (var term = 0; term < Depth; term += stepTerm)
            {
                var at = (ulong)matrix.RunAt(first + row, term);
                var run = (ushort*)warp.Block.Shared.ReadInBackground(warp, warp.Alive, at, FactorMatrix.Run * sizeof(ushort), mark);
                var place = block + (term * termStride);
                for (var i = 0; i < FactorMatrix.Run; i++)
                {
                    place[i * stride] = sign * Halves.FromBFloat16(run[i]);
                }
            }
        }
    }
}

/// <summary><c>wgmma.fence</c></summary>
internal sealed class GroupFence : MachineInstruction, IAsyncInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        WarpInstruction.ExpectAll(mask);
        warp.Products.Fence();
    }
}

/// <summary><c>wgmma.commit_group</c></summary>
internal sealed class CommitProducts : MachineInstruction, IAsyncInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        WarpInstruction.ExpectAll(mask);
        warp.Products.Commit();
        warp.Block.GroupOf(warp).Commit(warp);
    }
}

/// <summary><c>wgmma.wait_group</c>: products are of the whole group, so none is done before all warps have begun it.</summary>
internal sealed class WaitProducts(int pending) : MachineInstruction, IAsyncInstruction
{
    public override void Execute(SimWarp warp, uint mask)
    {
        WarpInstruction.ExpectAll(mask);
        var done = warp.Products.Groups - pending;
        var group = warp.Block.GroupOf(warp);
        if (done <= 0)
        {
            return;
        }

        if (!group.HasCommitted(done))
        {
            warp.RunAgainAfter(group, mask);
            return;
        }

        warp.Products.End(done);
        var order = warp.Block.Order;
        order.Learn(warp.Number, mask, areAll: true, group.Agent, order.BlockStart + (uint)done - 1);
    }
}

/// <summary><c>setmaxnreg</c>: registers of a thread from here on, for all four warps of a group.</summary>
internal sealed class LimitRegisters(int count) : MachineInstruction, IAsyncInstruction
{
    /// <summary>Of a multiprocessor, by the lanes of a warpgroup.</summary>
    private const int RegistersOfALane = 512;

    public override void Execute(SimWarp warp, uint mask)
    {
        WarpInstruction.ExpectAll(mask);
        warp.Block.GroupOf(warp).Step(warp);
        warp.Block.GroupOf(warp).Registers = count;
        if (warp.Block.AskedRegisters > RegistersOfALane)
        {
            throw new SimFault(
                $"asks for registers that do not exist: all warpgroups together for {warp.Block.AskedRegisters} a lane, of {RegistersOfALane}");
        }
    }
}
