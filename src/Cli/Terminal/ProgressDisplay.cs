using DPT.Engine.Dpt;
using Spectre.Console;

namespace DPT.Engine.Cli;

/// <summary>Progress on a screen: one bar per piece of work, redrawn, with messages above.</summary>
internal sealed class ProgressDisplay : IRunObserver
{
    private readonly IAnsiConsole _console;
    private readonly ProgressContext _context;
    private readonly Dictionary<string, ProgressTask> _tasks = [];

    private ProgressDisplay(IAnsiConsole console, ProgressContext context)
    {
        _console = console;
        _context = context;
    }

    /// <summary>Does the work under a display.</summary>
    public static T Watch<T>(TextWriter output, bool colour, Func<IRunObserver, T> work)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
            ColorSystem = colour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
        });
        return console.Progress()
            .Columns(
                new ProgressBarColumn { Width = 24 },
                new PercentageColumn(),
                new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => work(new ProgressDisplay(console, context)));
    }

    /// <inheritdoc/>
    public void Message(string text) => _console.WriteLine(text);

    /// <inheritdoc/>
    public void Progress(in WorkProgress progress)
    {
        if (!_tasks.TryGetValue(progress.Work, out var task))
        {
            task = _context.AddTask(Markup.Escape(progress.Work), maxValue: Math.Max(1, progress.Total));
            _tasks.Add(progress.Work, task);
        }

        task.Value = progress.Done;
        task.Description = Markup.Escape(ProgressText.Line(in progress));
    }
}
