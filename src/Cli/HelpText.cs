using System.Text;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Help of the program and of each verb: purpose, examples, options by group with default and unit.</summary>
internal static class HelpText
{
    private const int Column = 26;
    private const int Width = 100;

    /// <summary>Order of the groups in every help text.</summary>
    private static readonly string[] Groups = ["Data", "Settings", "Performance", "Output"];

    /// <summary>The program's help.</summary>
    public static string Program()
    {
        var text = new StringBuilder();
        text.AppendLine("dpt: Dual Pseudo Training, from a few labels to pseudo-images and a better classifier.");
        text.AppendLine();
        text.AppendLine("Usage: dpt VERB [options]      dpt VERB --help      dpt --version");
        text.AppendLine();
        text.AppendLine("Verbs:");
        foreach (var verb in VerbTable.All)
        {
            Row(text, verb.Name, verb.Purpose);
        }

        text.AppendLine();
        text.AppendLine("Settings: flag > environment DPT_... > --config file > --preset > --budget's plan > default.");
        text.AppendLine("Results go to standard output, everything else to standard error. NO_COLOR is honoured.");
        text.AppendLine();
        text.AppendLine("Exit codes:");
        foreach (var (code, meaning) in ExitCodes.Table)
        {
            Row(text, code.ToString(), meaning);
        }

        return Finish(text);
    }

    /// <summary>The help of one verb.</summary>
    public static string Of(Verb verb)
    {
        var text = new StringBuilder();
        text.AppendLine($"dpt {verb.Name}: {verb.Purpose}.");
        text.AppendLine();
        text.AppendLine($"Usage: dpt {verb.Name}{(verb.Word is { } word ? $" [{word}]" : "")} [options]");
        text.AppendLine();
        text.AppendLine("Examples:");
        foreach (var example in verb.Examples)
        {
            text.AppendLine($"  dpt {example}");
        }

        var defaults = ConfigLoader.Defaults();
        var options = ArgumentParser.Describe(verb.ArgumentsType).ToLookup(o => o.Group);
        foreach (var group in Groups.Where(options.Contains))
        {
            text.AppendLine();
            text.AppendLine($"{group}:");
            foreach (var option in options[group])
            {
                Row(text, Names(option), Explain(option, defaults));
            }
        }

        foreach (var (heading, paragraphs) in verb.Notes)
        {
            text.AppendLine();
            text.AppendLine($"{heading}:");
            foreach (var paragraph in paragraphs)
            {
                Fill(text, "  -", paragraph, indent: 4);
            }
        }

        return Finish(text);
    }

    private static string Names(OptionInfo option) =>
        (option.Short.Length > 0 ? $"-{option.Short}, " : "") + $"--{option.Name} {option.Value}".TrimEnd();

    private static string Explain(OptionInfo option, ResolvedConfig defaults)
    {
        var help = option.Help
            .Replace("{presets}", string.Join(", ", ConfigLoader.Presets))
            .Replace("{data}", string.Join("; ", DatasetCatalog.Kinds.Select(k => $"{k.Spec}: {k.Description}")));
        return option.Key is null || defaults.Values[option.Key].Value is null
            ? help
            : $"{help} [{defaults.Values[option.Key].Text}]";
    }

    private static void Row(StringBuilder text, string left, string right) => Fill(text, $"  {left}", right, Column);

    private static void Fill(StringBuilder text, string left, string right, int indent)
    {
        var line = new StringBuilder(left.PadRight(indent));
        foreach (var word in right.Split(' '))
        {
            if (line.Length + word.Length > Width)
            {
                text.AppendLine(line.ToString().TrimEnd());
                line.Clear().Append(' ', indent);
            }

            line.Append(line.Length > indent || line[^1] != ' ' ? " " : "").Append(word);
        }

        text.AppendLine(line.ToString());
    }

    private static string Finish(StringBuilder text) => text.Replace("\r\n", "\n").ToString();
}
