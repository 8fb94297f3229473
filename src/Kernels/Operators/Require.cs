using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>The checks that calls share: one wording for every operand and size.</summary>
internal static class Require
{
    /// <summary>
    /// The most rows, columns or images: an index of 32 bits may go one step of any grid beyond the last and does not wrap.
    /// </summary>
    public const int Most = int.MaxValue - ushort.MaxValue;

    public static void Size(string op, string name, long value, long least = 1, long most = Most)
    {
        if (value < least || value > most)
        {
            throw new KernelException($"{op}: {name} is {value}, it must be {least}..{most}");
        }
    }

    public static void Operand<T>(string op, string name, Slice<T> slice, long elements) where T : unmanaged
    {
        if (slice.Length < elements)
        {
            throw new KernelException($"{op}: operand '{name}' has {slice.Length} elements, the sizes need {elements}");
        }
    }

    public static void OperandIfGiven<T>(string op, string name, Slice<T> slice, long elements) where T : unmanaged
    {
        if (!slice.IsEmpty)
        {
            Operand(op, name, slice, elements);
        }
    }

    public static void That(string op, bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new KernelException($"{op}: {otherwise}");
        }
    }

    public static void That(
        string op, bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] FailureText otherwise)
    {
        if (!holds)
        {
            throw new KernelException($"{op}: {otherwise.TakeText()}");
        }
    }
}
