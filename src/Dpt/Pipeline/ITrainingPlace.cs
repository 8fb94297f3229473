using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What driving a training needs of where it happens.</summary>
internal interface ITrainingPlace
{
    /// <summary>How often to log, to measure and to save.</summary>
    RunOptions Run { get; }

    /// <summary>Hears of progress.</summary>
    IRunObserver Observer { get; }

    /// <summary>Where the numbers go.</summary>
    MetricsWriter Metrics { get; }

    /// <summary>What computes in this session, as far as results can depend on it.</summary>
    string Machine { get; }

    /// <summary>What a device is, as far as results can depend on it.</summary>
    static string MachineOf(Device device) => $"engine {RunRecord.EngineVersion} on {device.Arithmetic}"
        + (device.Selection.Choices is { Length: > 0 } kernels ? $" with {kernels}" : "");
}
