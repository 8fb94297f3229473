namespace DPT.Engine.Autograd;

/// <summary>Two batches of constants as one.</summary>
public static class StackOp
{
    /// <summary>Puts the rows of <paramref name="second"/> behind those of <paramref name="first"/>; no gradient flows.</summary>
    /// <exception cref="ArgumentException">The shapes differ in more than the first size, or a gradient is needed.</exception>
    public static Tensor Stack(this Tape tape, Tensor first, Tensor second)
    {
        if (first.NeedsGradient || second.NeedsGradient)
        {
            throw new ArgumentException("Stack: inputs with gradients are not supported");
        }

        var sizes = first.Shape.ToArray();
        sizes[0] += second.Shape[0];
        var expected = second.Shape.ToArray();
        expected[0] = sizes[0];
        if (!sizes.AsSpan().SequenceEqual(expected))
        {
            throw new ArgumentException($"Stack: shapes {first.Shape} and {second.Shape} differ beyond the first size");
        }

        var both = tape.New(new TensorShape(sizes));
        tape.Device.Copy(first.Data, both.Data.Range(0, first.Shape.Count));
        tape.Device.Copy(second.Data, both.Data.From(first.Shape.Count));
        return both;
    }
}
