namespace DPT.Engine.Kernels;

/// <summary>What a kernel does with an operand.</summary>
public enum OperandRole
{
    /// <summary>Read only; must be unchanged afterwards.</summary>
    Input,

    /// <summary>Written without being read: starts poisoned, every element must be written.</summary>
    Output,

    /// <summary>Read and written: starts with values.</summary>
    Update,
}

/// <summary>How an operand starts.</summary>
public enum FillPattern
{
    /// <summary>Standard normal.</summary>
    Normal,

    /// <summary>Uniform in (0.5, 1.5): scales, deviations, second moments.</summary>
    Positive,

    /// <summary>Uniform in [0, 1).</summary>
    Unit,

    /// <summary>Normal with entries of plus and minus 80 strewn in: large logits.</summary>
    Large,

    /// <summary>All zero.</summary>
    Zero,

    /// <summary>Every element the same.</summary>
    Constant,

    /// <summary>Every element 12345.678, whose sums are rounded.</summary>
    Level,

    /// <summary>Denormals, signed zeros and small numbers.</summary>
    Tiny,

    /// <summary>Rows that sum to one (<see cref="Operand.Modulus"/> is the length of a row).</summary>
    Distribution,

    /// <summary>Integers 0..<see cref="Operand.Modulus"/>-1 (int and byte operands).</summary>
    Integers,

    /// <summary>Computed from earlier operands by the case (saved results of a forward pass).</summary>
    Derived,
}

/// <summary>One named operand of a case.</summary>
/// <param name="Name">Name, unique in the case.</param>
/// <param name="Role">What the kernel does with it.</param>
/// <param name="Length">Number of elements.</param>
/// <param name="Fill">How it starts; ignored for outputs.</param>
/// <param name="Modulus">Bound of integers, or length of a distribution's row.</param>
/// <param name="Terms">Length of the longest sum behind one element of the result: scales the error bound.</param>
/// <param name="Element">Element type: float (null), <see cref="BFloat16"/>, int or byte.</param>
public sealed record Operand(
    string Name,
    OperandRole Role,
    long Length,
    FillPattern Fill = FillPattern.Normal,
    int Modulus = 1,
    int Terms = 1,
    Type? Element = null)
{
    /// <summary>
    /// Factor on hard values (<see cref="Hardship"/>); below 1 where they enter an exponential as squares, and larger ones
    /// would leave no digit to compare.
    /// </summary>
    public double HardScale { get; init; } = 1;

    /// <summary>An input of floats.</summary>
    public static Operand In(string name, long length, FillPattern fill = FillPattern.Normal, int modulus = 1) =>
        new(name, OperandRole.Input, length, fill, modulus);

    /// <summary>The same operand with elements of bf16.</summary>
    public Operand AsBf16() => this with { Element = typeof(BFloat16) };

    /// <summary>An input of integers below <paramref name="bound"/>.</summary>
    public static Operand InInt(string name, long length, int bound) =>
        new(name, OperandRole.Input, length, FillPattern.Integers, bound, 1, typeof(int));

    /// <summary>An input of bytes.</summary>
    public static Operand InByte(string name, long length) =>
        new(name, OperandRole.Input, length, FillPattern.Integers, 256, 1, typeof(byte));

    /// <summary>An output whose elements are sums of <paramref name="terms"/> terms.</summary>
    public static Operand Out(string name, long length, int terms = 1) =>
        new(name, OperandRole.Output, length, FillPattern.Zero, 1, terms);

    /// <summary>An operand that is updated in place.</summary>
    public static Operand Update(string name, long length, int terms = 1, FillPattern fill = FillPattern.Normal) =>
        new(name, OperandRole.Update, length, fill, 1, terms);
}
