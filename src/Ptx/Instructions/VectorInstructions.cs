using System.Runtime.Intrinsics;

namespace DPT.Engine.Ptx;

/// <summary>A function of one operand on many lanes at once.</summary>
internal interface IVectorUnary<T>
{
    static abstract Vector512<T> Apply(Vector512<T> a);
}

/// <summary>A function of two operands on many lanes at once.</summary>
internal interface IVectorBinary<T>
{
    static abstract Vector512<T> Apply(Vector512<T> a, Vector512<T> b);
}

/// <summary>A function of three operands on many lanes at once.</summary>
internal interface IVectorTernary<T>
{
    static abstract Vector512<T> Apply(Vector512<T> a, Vector512<T> b, Vector512<T> c);
}

/// <summary>d = f(a), many lanes at once.</summary>
internal sealed unsafe class VectorUnary<T, TOp>(int d, int a) : MachineInstruction
    where T : unmanaged
    where TOp : struct, IVectorUnary<T>
{
    public override void Execute(SimWarp warp, uint mask)
    {
        T* to = warp.At<T>(d), x = warp.At<T>(a);
        for (var i = 0; i < Lanes.Count; i += Vector512<T>.Count)
        {
            Lanes.Store(TOp.Apply(Vector512.Load(x + i)), to, mask, i);
        }
    }
}

/// <summary>d = f(a, b), many lanes at once.</summary>
internal sealed unsafe class VectorBinary<T, TOp>(int d, int a, int b) : MachineInstruction
    where T : unmanaged
    where TOp : struct, IVectorBinary<T>
{
    public override void Execute(SimWarp warp, uint mask)
    {
        T* to = warp.At<T>(d), x = warp.At<T>(a), y = warp.At<T>(b);
        for (var i = 0; i < Lanes.Count; i += Vector512<T>.Count)
        {
            Lanes.Store(TOp.Apply(Vector512.Load(x + i), Vector512.Load(y + i)), to, mask, i);
        }
    }
}

/// <summary>d = f(a, b, c), many lanes at once.</summary>
internal sealed unsafe class VectorTernary<T, TOp>(int d, int a, int b, int c) : MachineInstruction
    where T : unmanaged
    where TOp : struct, IVectorTernary<T>
{
    public override void Execute(SimWarp warp, uint mask)
    {
        T* to = warp.At<T>(d), x = warp.At<T>(a), y = warp.At<T>(b), z = warp.At<T>(c);
        for (var i = 0; i < Lanes.Count; i += Vector512<T>.Count)
        {
            var value = TOp.Apply(Vector512.Load(x + i), Vector512.Load(y + i), Vector512.Load(z + i));
            Lanes.Store(value, to, mask, i);
        }
    }
}

/// <summary>d = a shifted by a constant, left or right; right shifts repeat the sign of a signed type.</summary>
internal sealed unsafe class ConstantShift<T>(int d, int a, int count, bool isLeft) : MachineInstruction
    where T : unmanaged
{
    public override void Execute(SimWarp warp, uint mask)
    {
        T* to = warp.At<T>(d), x = warp.At<T>(a);
        for (var i = 0; i < Lanes.Count; i += Vector512<T>.Count)
        {
            var value = Vector512.Load(x + i);
            Lanes.Store(isLeft ? value << count : value >> count, to, mask, i);
        }
    }
}
