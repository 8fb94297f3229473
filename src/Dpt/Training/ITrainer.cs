namespace DPT.Engine.Dpt;

/// <summary>
/// Training as a sequence of numbered steps that can stop after any of them and go on bit for bit: everything random is
/// addressed by the step's number, everything else is in the state.
/// </summary>
internal interface ITrainer
{
    /// <summary>Steps done.</summary>
    int Step { get; }

    /// <summary>Steps in all.</summary>
    int TotalSteps { get; }

    /// <summary>Factor on the learning rate of the steps to come: below 1 after a divergence.</summary>
    double RateScale { get; set; }

    /// <summary>Training images that one step consumes.</summary>
    int ImagesPerStep { get; }

    /// <summary>
    /// Does the next step. Nobody waits for its numbers: that it diverged may show in a later step, and shows to whoever asks for
    /// metrics or the state, so that nothing is ever made of it.
    /// </summary>
    /// <exception cref="DptException">Diverged, in this step or an earlier one, which the message names.</exception>
    void RunStep();

    /// <summary>Means of the losses and other measures since the last call, by metric name.</summary>
    /// <exception cref="DptException">Diverged; the message names the step.</exception>
    IReadOnlyList<(string Name, double Value)> TakeMetrics();

    /// <summary>Everything that the next step depends on.</summary>
    /// <exception cref="DptException">Diverged; the message names the step.</exception>
    TrainingState Capture();

    /// <summary>Goes back to a captured state.</summary>
    /// <exception cref="InvalidDataException">The state lacks something, is of another network or not finite; nothing has changed.</exception>
    void Restore(TrainingState state);
}
