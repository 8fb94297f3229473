using System.Text;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>What a shell needs to complete verbs and options.</summary>
internal sealed class CompletionVerb : Verb<CommonArguments>
{
    private const string Bash = "bash", Zsh = "zsh";

    public override string Name => "completion";

    public override string Purpose => "a script that lets bash or zsh complete verbs and options";

    public override string? Word => "SHELL";

    public override IReadOnlyList<string> Examples => ["completion bash", "completion zsh"];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("Where it goes",
        [
            "bash: `dpt completion bash > ~/.local/share/bash-completion/completions/dpt`; zsh: `dpt completion zsh >> ~/.zshrc`. A new shell knows it.",
        ]),
    ];

    protected override int Execute(CommonArguments arguments, CliContext context)
    {
        context.Terminal.Result(arguments.Words.FirstOrDefault() switch
        {
            Bash => Script(),
            Zsh => "autoload -U +X bashcompinit && bashcompinit\n" + Script(),
            null => throw new DptException(FailureKind.Usage, $"completion: name the shell, {Bash} or {Zsh}"),
            var other => throw new DptException(FailureKind.Usage, $"completion: there is none for '{OneLine.Start(other)}', only for {Bash} and {Zsh}"),
        });
        return ExitCodes.Done;
    }

    /// <summary>Words after <c>dpt</c>, second words of groups, then the options of what the words before name; anything else is a file.</summary>
    private static string Script()
    {
        var verbs = VerbTable.All.Where(verb => verb.Option is null).Select(verb => verb.Name.Split(' ')).ToList();
        var script = new StringBuilder("_dpt() {\n");
        script.Append("    local before=\"${COMP_WORDS[*]:1:COMP_CWORD-1} \" words=\"\"\n");
        script.Append("    case \"$before\" in\n");
        Case(script, "\" \"", verbs.Select(name => name[0]).Distinct().Append("--help").Append("--version"));
        foreach (var group in verbs.Where(name => name.Length == 2).GroupBy(name => name[0]))
        {
            Case(script, $"\"{group.Key} \"", group.Select(name => name[1]));
        }

        // Longer names first: `generate --weights` before `generate`.
        foreach (var verb in VerbTable.All.OrderByDescending(verb => verb.Name.Length))
        {
            Case(script, Pattern(verb), ArgumentParser.Describe(verb.ArgumentsType).Select(option => $"--{option.Name}").Append("--help"));
        }

        return script.Append("    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o default -F _dpt dpt").ToString();
    }

    /// <summary>The words before the one that is completed.</summary>
    private static string Pattern(Verb verb) => verb.Option is { } option
        ? $"\"{verb.Name[..^(option.Length + 1)]} \"*\"{option}\"*"
        : $"\"{verb.Name} \"*";

    private static void Case(StringBuilder script, string pattern, IEnumerable<string> words) =>
        script.Append("        ").Append(pattern).Append(") words=\"").AppendJoin(' ', words).Append("\" ;;\n");
}
