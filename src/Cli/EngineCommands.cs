using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>The engine behind the command line.</summary>
internal sealed class EngineCommands : IDptCommands
{
    private const string Missing = "this build has kernels only; the method itself is not part of it";

    public IReadOnlyList<NamedValue> Plan(DptOptions options) => [];

    public DptResult Run(RunRequest request, CancellationToken stop) =>
        throw new DptException(FailureKind.Environment, Missing);

    public IReadOnlyList<NamedValue> RunStage(DptStage stage, RunRequest request, CancellationToken stop) =>
        throw new DptException(FailureKind.Environment, Missing);

    public IReadOnlyList<NamedValue> DescribeData(DptOptions options) =>
        throw new DptException(FailureKind.Environment, Missing);

    public void ExportContactSheet(DptOptions options, string file) =>
        throw new DptException(FailureKind.Environment, Missing);
}
