namespace DPT.Engine.Dpt;

/// <summary>What a piece of a run is expected to take.</summary>
/// <param name="Work">Its name, as progress reports it.</param>
/// <param name="Seconds">Wall time.</param>
/// <param name="MemoryBytes">Device memory at most.</param>
public sealed record StageEstimate(string Work, double Seconds, long MemoryBytes)
{
    /// <summary>Name of the measurements along the way, which no stage counts as its own time.</summary>
    public const string Curves = "curves on the test set";

    /// <summary>Estimates the pieces of a run in their order.</summary>
    /// <param name="plan">The checked options with the data.</param>
    /// <param name="rates">Rates of its networks.</param>
    internal static IReadOnlyList<StageEstimate> Of(DptPlan plan, StepRates rates)
    {
        var (options, layout) = (plan.Options, new RunLayout(""));
        var (train, test) = (plan.Data.Train.Count, plan.Data.Test.Count);
        var drawn = (long)options.Generate.PerClass * plan.Data.Train.Classes;
        var memory = plan.Memory;
        List<StageEstimate> stages =
        [
            new(layout.Classifier.Name, (options.Stage1.Steps * rates.Stage1) + ((train + test) * rates.Classify), memory.Stage1.Bytes),
            new(layout.Diffusion.Name, options.Diffusion.Steps * rates.Generator, memory.Generator.Bytes),
            new(
                DiffusionStage.DrawingOf(layout.Diffusion),
                (drawn * options.Generate.Evaluations * rates.Draw) + ((train + (2 * drawn)) * rates.Classify),
                memory.Drawing.Bytes),
            Retraining(layout.Retrain.Name, options.Stage3.Steps),
            Retraining(RetrainStage.ControlOf(layout.Retrain), options.ControlSteps),
        ];
        if (options.Stage3.SelfTraining)
        {
            stages.Add(Retraining(RetrainStage.SelfTrainingOf(layout.Retrain), options.Stage3.Steps));
        }

        // Each classifier has a curve: all stages but the generator's two.
        var curves = (stages.Count - 2) * options.Run.EvaluationPoints * test * rates.Classify;
        return [.. stages, new(Curves, curves, memory.Stage1.Bytes)];

        StageEstimate Retraining(string work, int steps) =>
            new(work, (steps * rates.Stage3) + (test * rates.Classify), memory.Stage3.Bytes);
    }
}
