using System.Diagnostics;

namespace DPT.Engine.Dpt;

/// <summary>
/// Drives a trainer: continues from the newest checkpoint, logs, evaluates, saves, and stops at the token with everything
/// saved. The trainer knows nothing of files, this loop nothing of mathematics.
/// </summary>
internal sealed class TrainLoop
{
    /// <summary>The setting that goes back instead of stopping, and the smallest factor on the learning rate that is tried.</summary>
    private const string Retry = "retry";
    private const double LeastRateScale = 1.0 / 8;

    private readonly ITrainingPlace _place;
    private readonly string _stage;
    private readonly ITrainer _trainer;
    private readonly TrainerCheckpoints _checkpoints;
    private readonly Func<IReadOnlyList<(string Name, double Value)>> _evaluate;
    private Stopwatch _clock = new();
    private double _secondsBefore;

    /// <summary>Prepares a loop.</summary>
    /// <param name="place">Where it happens.</param>
    /// <param name="stage">Name of the stage in the metrics and of its folder, e.g. <c>stage-1-classifier</c>.</param>
    /// <param name="trainer">What to drive.</param>
    /// <param name="checkpoints">Where to save.</param>
    /// <param name="evaluate">Measures on the test set; called a few times along the way, not for training decisions.</param>
    public TrainLoop(
        ITrainingPlace place,
        string stage,
        ITrainer trainer,
        TrainerCheckpoints checkpoints,
        Func<IReadOnlyList<(string Name, double Value)>> evaluate)
    {
        _place = place;
        _stage = stage;
        _trainer = trainer;
        _checkpoints = checkpoints;
        _evaluate = evaluate;
    }

    /// <summary>What has computed the training, earlier sessions first.</summary>
    public IReadOnlyList<string> Machines => _checkpoints.Machines;

    /// <summary>Seconds of training, those before an interruption included; evaluations not.</summary>
    public double Seconds => _secondsBefore + _clock.Elapsed.TotalSeconds;

    /// <summary>The factor on the learning rate since the training diverged and went back; null if it never did.</summary>
    public double? LoweredRate => _trainer.RateScale == 1 ? null : _trainer.RateScale;

    /// <summary>Trains to the last step.</summary>
    /// <exception cref="OperationCanceledException">The token asked to stop; the state is saved.</exception>
    /// <exception cref="DptException">Training diverged; the checkpoints are as they were.</exception>
    public void Run(CancellationToken stop)
    {
        try
        {
            Resume();
            while (!TrainOrGoBack(stop))
            {
            }
        }
        catch (DptException error) when (error.Kind == FailureKind.Diverged)
        {
            // The trainer knows the step and the tensor, but not the name of its stage.
            throw new DptException(error.Kind, $"{_stage}: {error.Message}", error);
        }
    }

    /// <summary>Trains to the end; false if it went back instead.</summary>
    private bool TrainOrGoBack(CancellationToken stop)
    {
        try
        {
            Train(stop);
            return true;
        }
        catch (DptException error) when (
            error.Kind == FailureKind.Diverged && _place.Run.OnDivergence == Retry && _trainer.RateScale > LeastRateScale)
        {
            if (!WentBack(error.Message))
            {
                throw;
            }

            return false;
        }
    }

    /// <summary>
    /// The newest checkpoint with half of the rate that diverged. A session that is killed right after comes to the same: it goes on
    /// from that checkpoint with the checkpoint's rate, diverges as this one did, and goes back. False if there is no checkpoint.
    /// </summary>
    private bool WentBack(string reason)
    {
        var (scale, seconds) = (_trainer.RateScale / 2, Seconds);
        if (!_checkpoints.Restore(_trainer, out _))
        {
            return false;
        }

        _trainer.RateScale = scale;
        (_secondsBefore, _clock) = (seconds, new Stopwatch());
        _place.Metrics.WriteResumed(_stage, _trainer.Step);
        _place.Observer.Message(FormattableString.Invariant(
            $"{_stage}: warning: {reason}; goes back to step {_trainer.Step} with {scale} of the learning rate"));
        return true;
    }

    private void Train(CancellationToken stop)
    {
        var options = _place.Run;
        while (_trainer.Step < _trainer.TotalSteps)
        {
            if (stop.IsCancellationRequested)
            {
                Save();
                stop.ThrowIfCancellationRequested();
            }

            _clock.Start();
            _trainer.RunStep();
            _clock.Stop();
            var step = _trainer.Step;
            var last = step == _trainer.TotalSteps;
            if (last || step % options.LogEvery == 0)
            {
                Log();
            }

            if (last || IsEvaluationPoint(step, options.EvaluationPoints))
            {
                Evaluate(step);
            }

            if (last || step % options.CheckpointEvery == 0)
            {
                Save();
            }
        }
    }

    private void Resume()
    {
        if (_checkpoints.Restore(_trainer, out _secondsBefore))
        {
            _place.Observer.Message($"{_stage}: continues at step {_trainer.Step} of {_trainer.TotalSteps}");
            if (_checkpoints.Machines is [.., var before, var now] && _trainer.Step < _trainer.TotalSteps)
            {
                _place.Observer.Message(
                    $"{_stage}: warning: begun by {before}, continued by {now}; the last bits of its weights will differ "
                    + "from those of an undisturbed run");
            }
        }

        else if (_place.Run.OnDivergence == Retry)
        {
            // Something to go back to.
            Save();
        }

        // Also at step 0: an earlier session may have been killed before its first checkpoint, or trained otherwise.
        _place.Metrics.WriteResumed(_stage, _trainer.Step);
    }

    private void Save() => _checkpoints.Save(_trainer, Seconds);

    private void Evaluate(int step)
    {
        var values = _evaluate();
        if (values.Count > 0)
        {
            _place.Metrics.Write(_stage, step, [.. values]);
        }
    }

    private void Log()
    {
        var metrics = _trainer.TakeMetrics();
        _place.Metrics.Write(_stage, _trainer.Step, [.. metrics]);
        if (metrics.FirstOrDefault(m => m.Name == ModelState.Skipped).Value is > 0 and var skipped)
        {
            _place.Observer.Message(FormattableString.Invariant(
                $"{_stage}: warning: skipped {skipped} of the steps up to step {_trainer.Step}, for their gradient was not finite"));
        }

        var loss = metrics.FirstOrDefault(m => m.Name == "train/loss").Value;
        _place.Observer.Progress(new WorkProgress(
            _stage,
            _trainer.Step,
            _trainer.TotalSteps,
            "steps",
            _trainer.Step / Math.Max(Seconds, 1e-9),
            FormattableString.Invariant($"loss {loss:g3}")));
    }

    private bool IsEvaluationPoint(int step, int points)
    {
        // The points divide the training evenly; the last one is the last step.
        var (now, before) = ((long)step * points / _trainer.TotalSteps, (step - 1L) * points / _trainer.TotalSteps);
        return now != before;
    }
}
