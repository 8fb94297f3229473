namespace DPT.Engine.Ptx;

/// <summary>Arithmetic of floats, by opcode.</summary>
internal static class FloatTable
{
    private delegate void AddEntry(string opcode, Func<Operands, MachineInstruction> make);

    /// <summary>Puts every spelling into the table of opcodes.</summary>
    public static void Fill(Action<string, Func<Operands, MachineInstruction>> add)
    {
        AddEntry entry = new(add);
        Single(entry);
        Double(entry);
        Approximate(entry);
    }

    private static void Single(AddEntry add)
    {
        Move<float>(add, "f32");
        foreach (var rounding in new[] { "", ".rn" })
        {
            Arithmetic<Add<float>>(add, $"add{rounding}");
            Arithmetic<Subtract<float>>(add, $"sub{rounding}");
            Arithmetic<Multiply<float>>(add, $"mul{rounding}");
        }

        foreach (var name in new[] { "fma.rn", "mad.rn" })
        {
            Ternary<Single3<FusedMultiplyAdd32>>(add, name);
        }

        Binary<Single2<DivideReal<float>>>(add, "div.rn");
        Binary<Single2<MinNumber<float>>>(add, "min");
        Binary<Single2<MaxNumber<float>>>(add, "max");
        Binary<Single2<Min<float>>>(add, "min", ".NaN");
        Binary<Single2<Max<float>>>(add, "max", ".NaN");
        Unary<Single1<Reciprocal<float>>>(add, "rcp.rn");
        Unary<Single1<SquareRoot<float>>>(add, "sqrt.rn");
        Unary<FlipSign<float>>(add, "neg");
        Unary<Abs<float>>(add, "abs");
    }

    private static void Double(AddEntry add)
    {
        Move<double>(add, "f64");
        foreach (var rounding in new[] { "", ".rn" })
        {
            add($"add{rounding}.f64", InstructionTable.Vector2<double, Add<double>>());
            add($"sub{rounding}.f64", InstructionTable.Vector2<double, Subtract<double>>());
            add($"mul{rounding}.f64", InstructionTable.Vector2<double, Multiply<double>>());
        }

        add("fma.rn.f64", InstructionTable.Vector3<double, FusedMultiplyAdd64>());
        add("mad.rn.f64", InstructionTable.Vector3<double, FusedMultiplyAdd64>());
        add("div.rn.f64", InstructionTable.Vector2<double, DivideReal<double>>());
        add("rcp.rn.f64", InstructionTable.Vector1<double, Reciprocal<double>>());
        add("sqrt.rn.f64", InstructionTable.Vector1<double, SquareRoot<double>>());
        add("min.f64", InstructionTable.Vector2<double, MinNumber<double>>());
        add("max.f64", InstructionTable.Vector2<double, MaxNumber<double>>());
        add("neg.f64", InstructionTable.Vector1<double, FlipSign<double>>());
        add("abs.f64", InstructionTable.Vector1<double, Abs<double>>());
    }

    private static void Approximate(AddEntry add)
    {
        Approximate<ApproximateExp2>(add, "ex2.approx");
        Approximate<ApproximateLog2>(add, "lg2.approx");
        Approximate<ApproximateReciprocal>(add, "rcp.approx");
        Approximate<ApproximateSquareRoot>(add, "sqrt.approx");
        Approximate<ApproximateReciprocalSquareRoot>(add, "rsqrt.approx");
        Approximate<ApproximateSine>(add, "sin.approx");
        Approximate<ApproximateCosine>(add, "cos.approx");
        add("tanh.approx.f32", InstructionTable.Lane1<float, float, ApproximateTanh>());
        foreach (var name in new[] { "div.approx", "div.full" })
        {
            add($"{name}.f32", InstructionTable.Lane2<float, float, float, ApproximateQuotient>());
            add(
                $"{name}.ftz.f32",
                InstructionTable.Lane2<float, float, float, FlushedLane2<ApproximateQuotient>>());
        }
    }

    private static void Move<T>(AddEntry add, string type) where T : unmanaged =>
        add($"mov.{type}", InstructionTable.Vector1<T, Move<T>>());

    private static void Unary<TOp>(AddEntry add, string name) where TOp : struct, IVectorUnary<float>
    {
        add($"{name}.f32", InstructionTable.Vector1<float, TOp>());
        add($"{name}.ftz.f32", InstructionTable.Vector1<float, Flushed1<TOp>>());
    }

    private static void Binary<TOp>(AddEntry add, string name, string suffix = "")
        where TOp : struct, IVectorBinary<float>
    {
        add($"{name}{suffix}.f32", InstructionTable.Vector2<float, TOp>());
        add($"{name}.ftz{suffix}.f32", InstructionTable.Vector2<float, Flushed2<TOp>>());
    }

    private static void Arithmetic<TOp>(AddEntry add, string name) where TOp : struct, IVectorBinary<float>
    {
        Binary<Single2<TOp>>(add, name);
        add($"{name}.sat.f32", InstructionTable.Vector2<float, Saturated2<Single2<TOp>>>());
        add($"{name}.ftz.sat.f32", InstructionTable.Vector2<float, Saturated2<Flushed2<Single2<TOp>>>>());
    }

    private static void Ternary<TOp>(AddEntry add, string name) where TOp : struct, IVectorTernary<float>
    {
        add($"{name}.f32", InstructionTable.Vector3<float, TOp>());
        add($"{name}.ftz.f32", InstructionTable.Vector3<float, Flushed3<TOp>>());
        add($"{name}.sat.f32", InstructionTable.Vector3<float, Saturated3<TOp>>());
        add($"{name}.ftz.sat.f32", InstructionTable.Vector3<float, Saturated3<Flushed3<TOp>>>());
    }

    private static void Approximate<TOp>(AddEntry add, string name) where TOp : struct, ILaneUnary<float, float>
    {
        add($"{name}.f32", InstructionTable.Lane1<float, float, TOp>());
        add($"{name}.ftz.f32", InstructionTable.Lane1<float, float, FlushedLane1<TOp>>());
    }
}
