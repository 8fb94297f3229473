namespace DPT.Engine.Cli;

/// <summary>A verb that runs one stage.</summary>
internal abstract class StageVerb(DptStage stage) : RunFolderVerb<RunArguments>
{
    protected sealed override DptStage? Stage => stage;

    protected sealed override bool OnlyReads => stage is DptStage.Evaluate;

    protected sealed override VerbResult Work(RunRequest request, RunArguments arguments, CliContext context) =>
        VerbResult.Of(context.Commands.RunStage(stage, request, context.Stop));
}
