namespace DPT.Engine.Kernels;

/// <summary>The operands and sizes of one operator call: a plain struct of slices and numbers.</summary>
public interface IKernelCall
{
    /// <summary>Sizes in one short line, e.g. <c>M=3 N=5 K=7 NT</c>: the name of the case in tests and boards.</summary>
    string Shape { get; }

    /// <summary>
    /// The shape without the number of samples or rows: the part of it that may decide which variant runs, so that a sample
    /// has the same bits in every batch. The whole shape where the result is a sum over the batch, or knows no samples.
    /// </summary>
    string SampleShape { get; }

    /// <summary>Floating-point operations that the mathematics needs (a multiply-add counts two).</summary>
    double Flops { get; }

    /// <summary>Bytes that must cross memory at least once: inputs read plus outputs written.</summary>
    double Bytes { get; }

    /// <summary>
    /// The share of itself that an intermediate result may be rounded by, because calls of this type are in a smaller precision
    /// than fp32: 2^-8 where factors are rounded to bf16 between two products. 0 where everything between operands is fp32.
    /// </summary>
    static virtual double IntermediateRoundoff => 0;

    /// <summary>Checks sizes and operand lengths.</summary>
    /// <exception cref="KernelException">Something does not fit; the message names it and the limit.</exception>
    void Validate();
}
