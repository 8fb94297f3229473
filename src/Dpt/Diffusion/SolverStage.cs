namespace DPT.Engine.Dpt;

/// <summary>The states that a solver works with.</summary>
public enum SolverState
{
    /// <summary>The sample on its way from noise to data.</summary>
    Trajectory,

    /// <summary>A point inside a step, where the network is asked again.</summary>
    Intermediate,

    /// <summary>The result of an adaptive attempt of the lower order.</summary>
    Lower,

    /// <summary>The result of an adaptive attempt of the higher order.</summary>
    Higher,

    /// <summary>The lower result of the last accepted attempt.</summary>
    Previous,
}

/// <summary>
/// One network evaluation and the linear step that uses it; every solver is a sequence of these.
/// Output = BaseWeight trajectory + ModelWeight m + PreviousWeight m' + EarlierWeight m'' + NoiseWeight z, where m is
/// the model value of this evaluation, m' that of the evaluation before, m'' that of the one before m', and z fresh
/// standard normal noise.
/// </summary>
public readonly record struct SolverStage
{
    /// <summary>The time at which the network is evaluated, above 0.</summary>
    public required double Time { get; init; }

    /// <summary>Take the network's last output again instead of evaluating: another result from the same values.</summary>
    public bool Reuse { get; init; }

    /// <summary>The state that the network sees.</summary>
    public SolverState Input { get; init; }

    /// <summary>The state that is written.</summary>
    public SolverState Output { get; init; }

    /// <summary>Weight of the trajectory.</summary>
    public required double BaseWeight { get; init; }

    /// <summary>Weight of this evaluation's model value.</summary>
    public required double ModelWeight { get; init; }

    /// <summary>Weight of the previous evaluation's model value.</summary>
    public double PreviousWeight { get; init; }

    /// <summary>Weight of the model value of two evaluations ago.</summary>
    public double EarlierWeight { get; init; }

    /// <summary>Weight of fresh noise; a stage with noise has no earlier model value.</summary>
    public double NoiseWeight { get; init; }

    /// <summary>A later stage asks for this evaluation's model value.</summary>
    public bool Keep { get; init; }
}
