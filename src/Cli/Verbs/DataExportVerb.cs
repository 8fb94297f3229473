namespace DPT.Engine.Cli;

/// <summary>A look at a data set.</summary>
internal sealed class DataExportVerb : Verb<ExportArguments>
{
    public override string Name => "data export";

    public override string Purpose => "write a contact sheet with training images of every class";

    public override IReadOnlyList<string> Examples =>
        ["data export --out digits.png", "data export --data folder:data/cifar10 --out cifar10.png"];

    protected override int Execute(ExportArguments arguments, CliContext context)
    {
        var file = arguments.Out ?? "contact-sheet.png";
        context.Commands.ExportContactSheet(context.Resolve(arguments).ToOptions(), file);
        context.Terminal.Result(arguments.Json ? JsonText.OfNamed([new NamedValue("file", file)]) : file);
        return ExitCodes.Done;
    }
}
