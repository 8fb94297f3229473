using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>A verb of the command line: its words in help, and what it does.</summary>
internal abstract class Verb
{
    /// <summary>
    /// One word, or two for a verb of a group: <c>kernels list</c>. The second may be an option that tells it from another verb of that
    /// name: <c>generate --weights</c>.
    /// </summary>
    public abstract string Name { get; }

    /// <summary>The option in the name, or null.</summary>
    public string? Option => Name.Split(' ').FirstOrDefault(word => word.StartsWith('-'));

    /// <summary>One line without a full stop.</summary>
    public abstract string Purpose { get; }

    /// <summary>Two commands, without the program's name.</summary>
    public abstract IReadOnlyList<string> Examples { get; }

    /// <summary>Pieces of text that help ends with: a heading, then paragraphs.</summary>
    public virtual IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes => [];

    /// <summary>Name of the word that may follow the verb, or null if none may.</summary>
    public virtual string? Word => null;

    /// <summary>How many such words may follow.</summary>
    public virtual int MostWords => Word is null ? 0 : 1;

    /// <summary>The class that declares its options.</summary>
    public abstract Type ArgumentsType { get; }

    /// <summary>Reads the arguments, without running.</summary>
    /// <exception cref="DptException">They cannot be understood.</exception>
    public abstract CommonArguments Parse(IReadOnlyList<string> words);

    /// <summary>Runs with arguments that <see cref="Parse"/> returned.</summary>
    /// <returns>An exit code.</returns>
    public abstract int Run(CommonArguments arguments, CliContext context);
}

/// <summary>A verb with its arguments.</summary>
/// <typeparam name="T">The class that declares the options.</typeparam>
internal abstract class Verb<T> : Verb where T : CommonArguments, new()
{
    public sealed override Type ArgumentsType => typeof(T);

    public sealed override CommonArguments Parse(IReadOnlyList<string> words) =>
        ArgumentParser.Parse<T>(words, MostWords);

    public sealed override int Run(CommonArguments arguments, CliContext context) =>
        Execute((T)arguments, context);

    protected abstract int Execute(T arguments, CliContext context);
}

/// <summary>What a verb works with.</summary>
/// <param name="Commands">The engine.</param>
/// <param name="Terminal">Where to write.</param>
/// <param name="Environment">The environment variables.</param>
/// <param name="Stop">Set by the first Ctrl-C or SIGTERM.</param>
internal sealed record CliContext(
    IDptCommands Commands, Terminal Terminal, IReadOnlyDictionary<string, string> Environment, CancellationToken Stop)
{
    /// <summary>The configuration that the arguments ask for.</summary>
    public ResolvedConfig Resolve(ConfigArguments arguments) => ConfigLoader.Load(
        arguments.Preset, arguments.Config, Environment, ArgumentParser.Assignments(arguments));

    /// <summary>The same with a plan beneath it, if the arguments ask for one or the data needs one.</summary>
    public ResolvedConfig Resolve(PlannedArguments arguments) => Planning.Resolve(arguments, this);
}
