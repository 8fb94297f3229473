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
    /// <param name="rates">Seconds of its networks.</param>
    internal static IReadOnlyList<StageEstimate> Of(DptPlan plan, StepRates rates) =>
        [.. Pieces(plan, rates).Select(piece => new StageEstimate(piece.Work, piece.Cost, piece.MemoryBytes))];

    /// <summary>The pieces of a run in their order, each with what it costs in the unit of the rates.</summary>
    internal static IReadOnlyList<(string Work, double Cost, long MemoryBytes)> Pieces(DptPlan plan, StepRates rates)
    {
        var (options, memory) = (plan.Options, plan.Memory);
        var (train, test) = (plan.Data.Train.Count, plan.Data.Test.Count);
        var drawn = (long)options.Generate.PerClass * plan.Data.Train.Classes;
        var stages = new List<(string Work, double Cost, long MemoryBytes)>();
        var classifiers = 0;
        for (var number = 1; number <= options.Rounds; number++)
        {
            var round = new RunLayout("").Round(number);
            Classifier(round.Labels.Name, number == 1 ? options.Stage1.Steps : 0, rates.Stage1, train + test, memory.Stage1.Bytes);
            stages.Add((round.Diffusion.Name, options.Diffusion.Steps * rates.Generator, memory.Generator.Bytes));
            stages.Add((
                DiffusionStage.DrawingOf(round.Diffusion),
                (drawn * options.Generate.Evaluations * rates.Draw) + ((train + (2 * drawn)) * rates.Classify),
                memory.Drawing.Bytes));
            Retraining(round.Retrain.Name, options.Stage3.Steps);
            if (number == 1)
            {
                Retraining(RetrainStage.ControlOf(round.Retrain), options.ControlSteps);
            }

            if (options.Stage3.SelfTraining)
            {
                Retraining(RetrainStage.SelfTrainingOf(round.Retrain), options.Stage3.Steps);
            }
        }

        var curves = options.Run.EvaluationPoints * ((classifiers * test * rates.Classify) + (options.Rounds * 2 * GeneratorLoss.Images * rates.Draw));
        return [.. stages, (Curves, curves, memory.Stage1.Bytes)];

        void Retraining(string work, int steps) => Classifier(work, steps, rates.Stage3, test, memory.Stage3.Bytes);

        // Every training has a curve.
        void Classifier(string work, int steps, double rate, int evaluated, long bytes)
        {
            classifiers += steps > 0 ? 1 : 0;
            stages.Add((work, (steps * rate) + (evaluated * rates.Classify), bytes));
        }
    }
}
