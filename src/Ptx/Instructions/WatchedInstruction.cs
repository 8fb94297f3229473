namespace DPT.Engine.Ptx;

/// <summary>An ordinary instruction on registers that products in the background use elsewhere in the text.</summary>
internal sealed class WatchedInstruction : MachineInstruction
{
    private readonly MachineInstruction _inner;
    private readonly int[] _read;
    private readonly int[] _written;

    public WatchedInstruction(MachineInstruction inner, int[] read, int[] written)
    {
        (_inner, _read, _written) = (inner, read, written);
        (Source, Guard, GuardFlip) = (inner.Source, inner.Guard, inner.GuardFlip);
    }

    public override void Execute(SimWarp warp, uint mask)
    {
        warp.Products.Touch(_read, _written);
        _inner.Execute(warp, mask);
    }
}
