using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// 8 x 8 sums of one thread, all in registers: rows and columns are two packs of four each. A struct of scalars, because
/// only that surely stays out of memory.
/// </summary>
internal struct RegisterTile8x8
{
    /// <summary>The four upper rows.</summary>
    public HalfTile4x8 Top;

    /// <summary>The four lower rows.</summary>
    public HalfTile4x8 Bottom;

    /// <summary>Adds a column of A times a row of B: 64 fused multiply-adds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddOuter(Float4 top, Float4 bottom, Float4 left, Float4 right)
    {
        Top.AddOuter(top, left, right);
        Bottom.AddOuter(bottom, left, right);
    }
}

/// <summary>4 x 8 sums of one thread.</summary>
internal struct HalfTile4x8
{
    public Float4 Left0;
    public Float4 Right0;
    public Float4 Left1;
    public Float4 Right1;
    public Float4 Left2;
    public Float4 Right2;
    public Float4 Left3;
    public Float4 Right3;

    /// <summary>Adds a column of four times a row of eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddOuter(Float4 column, Float4 left, Float4 right)
    {
        Left0.AddScaled(column.X, left);
        Right0.AddScaled(column.X, right);
        Left1.AddScaled(column.Y, left);
        Right1.AddScaled(column.Y, right);
        Left2.AddScaled(column.Z, left);
        Right2.AddScaled(column.Z, right);
        Left3.AddScaled(column.W, left);
        Right3.AddScaled(column.W, right);
    }
}
