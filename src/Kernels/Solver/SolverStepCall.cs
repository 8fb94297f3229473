namespace DPT.Engine.Kernels;

/// <summary>
/// One step of any linear solver with guidance and the conversion of the network's output folded in, in one pass:
/// m = StateWeight s + ConditionalWeight c + UnconditionalWeight u,
/// result = BaseWeight x + ModelWeight m + HistoryWeight0 h0 + HistoryWeight1 h1.
/// DPM-Solver, DPM-Solver++, DDIM, Euler and Heun differ in their weights only.
/// </summary>
public readonly record struct SolverStepCall : IKernelCall
{
    private const string Op = "solverstep";

    /// <summary>Numbers in the state (batch times elements).</summary>
    public required long Count { get; init; }

    /// <summary>The state that the step starts from, x.</summary>
    public required Slice<float> Base { get; init; }

    /// <summary>The state that the network saw, s; empty if its weight is 0.</summary>
    public Slice<float> State { get; init; }

    /// <summary>The network's output with the condition, c.</summary>
    public required Slice<float> Conditional { get; init; }

    /// <summary>The network's output without the condition, u; empty if there is no guidance.</summary>
    public Slice<float> Unconditional { get; init; }

    /// <summary>An earlier model value, h0; empty if its weight is 0.</summary>
    public Slice<float> History0 { get; init; }

    /// <summary>An older model value, h1; empty if its weight is 0.</summary>
    public Slice<float> History1 { get; init; }

    /// <summary>Weight of s in m.</summary>
    public float StateWeight { get; init; }

    /// <summary>Weight of c in m.</summary>
    public float ConditionalWeight { get; init; }

    /// <summary>Weight of u in m.</summary>
    public float UnconditionalWeight { get; init; }

    /// <summary>Weight of x in the result.</summary>
    public float BaseWeight { get; init; }

    /// <summary>Weight of m in the result.</summary>
    public float ModelWeight { get; init; }

    /// <summary>Weight of h0 in the result.</summary>
    public float HistoryWeight0 { get; init; }

    /// <summary>Weight of h1 in the result.</summary>
    public float HistoryWeight1 { get; init; }

    /// <summary>m, kept for later steps; empty if no later step needs it.</summary>
    public Slice<float> Model { get; init; }

    /// <summary>The new state; may be the memory of x or s.</summary>
    public required Slice<float> Result { get; init; }

    /// <inheritdoc/>
    public string Shape => $"count={Count} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => (State.IsEmpty ? "no state" : "state") + (Unconditional.IsEmpty ? "" : " guided")
        + (History0.IsEmpty ? "" : History1.IsEmpty ? " history=1" : " history=2") + (Model.IsEmpty ? "" : " keep");

    /// <inheritdoc/>
    public double Flops => 2.0 * Count * Operands;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Count * (Operands + 1 + (Model.IsEmpty ? 0 : 1));

    private int Operands => 2 + (State.IsEmpty ? 0 : 1) + (Unconditional.IsEmpty ? 0 : 1)
        + (History0.IsEmpty ? 0 : 1) + (History1.IsEmpty ? 0 : 1);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "count", Count, 1, long.MaxValue / 64);
        Require.Operand(Op, nameof(Base), Base, Count);
        Require.Operand(Op, nameof(Conditional), Conditional, Count);
        Require.Operand(Op, nameof(Result), Result, Count);
        Require.OperandIfGiven(Op, nameof(State), State, Count);
        Require.OperandIfGiven(Op, nameof(Unconditional), Unconditional, Count);
        Require.OperandIfGiven(Op, nameof(History0), History0, Count);
        Require.OperandIfGiven(Op, nameof(History1), History1, Count);
        Require.OperandIfGiven(Op, nameof(Model), Model, Count);
        Require.That(Op, History1.IsEmpty || !History0.IsEmpty, "older history without newer");
        RequireOperandOf(nameof(State), State, StateWeight);
        RequireOperandOf(nameof(Unconditional), Unconditional, UnconditionalWeight);
        RequireOperandOf(nameof(History0), History0, HistoryWeight0);
        RequireOperandOf(nameof(History1), History1, HistoryWeight1);
    }

    private static void RequireOperandOf(string name, Slice<float> operand, float weight)
    {
        if (operand.IsEmpty && weight != 0)
        {
            throw new KernelException($"{Op}: operand '{name}' is not given, its weight must be 0");
        }
    }
}
