using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The checks that <see cref="IKernelCall.Validate"/> is made of: one wording for every operand and size. Each throws a
/// <see cref="KernelException"/> that names the operator, what does not fit, and the limit.
/// </summary>
public static class Require
{
    /// <summary>
    /// The most rows, columns or images: an index of 32 bits may go one step of any grid beyond the last and does not wrap.
    /// </summary>
    public const int MaxSize = int.MaxValue - ushort.MaxValue;

    /// <summary>A size is within its limits.</summary>
    public static void Size(string op, string name, long value, long min = 1, long max = MaxSize)
    {
        if (value < min || value > max)
        {
            throw new KernelException($"{op}: {name} is {value}, it must be {min}..{max}");
        }
    }

    /// <summary>An operand has at least so many elements.</summary>
    public static void Operand<T>(string op, string name, Slice<T> slice, long elements) where T : unmanaged
    {
        if (slice.Length < elements)
        {
            throw new KernelException($"{op}: operand '{name}' has {slice.Length} elements, the sizes need {elements}");
        }
    }

    /// <summary>An operand that may be left out (empty) has at least so many elements if it is there.</summary>
    public static void OperandIfGiven<T>(string op, string name, Slice<T> slice, long elements) where T : unmanaged
    {
        if (!slice.IsEmpty)
        {
            Operand(op, name, slice, elements);
        }
    }

    /// <summary>Anything else holds.</summary>
    /// <param name="op">Name of the operator.</param>
    /// <param name="holds">What must hold.</param>
    /// <param name="otherwise">What is said if it does not.</param>
    public static void That(string op, bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new KernelException($"{op}: {otherwise}");
        }
    }

    /// <summary>Anything else holds; the text is only made if it does not.</summary>
    /// <param name="op">Name of the operator.</param>
    /// <param name="holds">What must hold.</param>
    /// <param name="otherwise">What is said if it does not.</param>
    public static void That(
        string op, bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] FailureText otherwise)
    {
        if (!holds)
        {
            throw new KernelException($"{op}: {otherwise.TakeText()}");
        }
    }
}
