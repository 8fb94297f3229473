using System.Reflection;
using CommandLine;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>
/// Nothing but this and the classes of arguments beside it knows CommandLineParser. Every option is a text or a switch: values are read
/// by <see cref="ConfigKey"/>, which is strict about numbers and names the limits, and "not given" stays different from "given the default". Help is written by <see cref="HelpText"/>, since the library's goes to stderr.
/// </summary>
internal static class ArgumentParser
{
    /// <summary>Reads the words after the verb.</summary>
    /// <typeparam name="T">The verb's arguments.</typeparam>
    /// <exception cref="DptException">An option is unknown, repeated or lacks its value, or a word is too many.</exception>
    public static T Parse<T>(IReadOnlyList<string> words, int mostWords) where T : CommonArguments, new()
    {
        using var parser = new Parser(settings =>
        {
            settings.HelpWriter = null;
            settings.AutoHelp = false;
            settings.AutoVersion = false;
        });
        words = [.. words.TakeWhile(w => w != "--").SelectMany(ShortForm), .. words.SkipWhile(w => w != "--")];
        RequireValues(words, typeof(T));
        var arguments = parser.ParseArguments(() => new T(), JoinSets(words)).MapResult(
            parsed => parsed,
            errors => throw new DptException(FailureKind.Usage, Explain(errors.First(), typeof(T))));
        var rest = arguments.Words.ToList();
        return rest.Count <= mostWords
            ? arguments
            : throw new DptException(FailureKind.Usage, $"'{rest[mostWords]}' is one word too many here");
    }

    /// <summary>The options of a verb as help needs them: those that it shares first, each class in its order, those of every verb last.</summary>
    public static IEnumerable<OptionInfo> Describe(Type arguments) =>
        from property in arguments.GetProperties().OrderBy(p => Place(p.DeclaringType!)).ThenBy(p => p.MetadataToken)
        let option = property.GetCustomAttribute<OptionAttribute>()
        where option is not null
        select new OptionInfo(
            option.LongName,
            option.ShortName,
            option.MetaValue,
            option.HelpText,
            property.GetCustomAttribute<OptionGroupAttribute>()!.Name,
            // Where settings begin with those of a run, the defaults are not what is meant.
            arguments.IsAssignableTo(typeof(ConfigArguments)) ? property.GetCustomAttribute<SettingAttribute>()?.Key : null);

    /// <summary>The settings that were given as options of their own, then those of <c>--set</c>.</summary>
    public static IEnumerable<Assignment> Assignments(ConfigArguments arguments) =>
        Options(arguments).Concat(SetSyntax.Parse(arguments.Set ?? "", "--set"));

    /// <summary>The settings that were given as options of their own.</summary>
    public static IEnumerable<Assignment> Options(CommonArguments arguments)
    {
        foreach (var property in arguments.GetType().GetProperties())
        {
            if (property.GetCustomAttribute<SettingAttribute>() is { } setting
                && (property.GetValue(arguments) switch { true => "true", string text => text, _ => null }) is { } value)
            {
                var option = property.GetCustomAttribute<OptionAttribute>()!;
                yield return new Assignment(setting.Key, value, "--" + option.LongName);
            }
        }
    }

    /// <summary>Base classes before those that extend them; <see cref="CommonArguments"/>, the base of all, at the end.</summary>
    private static int Place(Type type) =>
        type == typeof(CommonArguments) ? int.MaxValue : type.BaseType is { } origin && origin != typeof(CommonArguments) ? Place(origin) + 1 : 0;

    /// <summary>The library knows one letter after one dash only: <c>--x FILE</c> and <c>--x=FILE</c> are <c>-x FILE</c>.</summary>
    private static IEnumerable<string> ShortForm(string word) => word switch
    {
        ['-', '-', var letter] when char.IsLetter(letter) => [$"-{letter}"],
        ['-', '-', var letter, '=', .. var value] when char.IsLetter(letter) => [$"-{letter}", value],
        _ => [word],
    };

    /// <summary>The library takes an option without its value for one that was not given.</summary>
    private static void RequireValues(IReadOnlyList<string> words, Type arguments)
    {
        var options = Describe(arguments).ToList();
        var names = options.SelectMany(Names).ToHashSet();
        var needing = options.Where(o => o.Value.Length > 0).SelectMany(Names).ToHashSet();
        var given = words.TakeWhile(w => w != "--").ToList();
        for (var i = 0; i < given.Count; i++)
        {
            var isLast = i + 1 == given.Count || names.Contains(given[i + 1].Split('=')[0]);
            if (needing.Contains(given[i]) && isLast)
            {
                throw new DptException(FailureKind.Usage, $"{given[i]} needs a value");
            }
        }

        static IEnumerable<string> Names(OptionInfo o) => o.Short.Length > 0 ? [$"--{o.Name}", $"-{o.Short}"] : [$"--{o.Name}"];
    }

    /// <summary>
    /// Makes one option of several <c>--set</c>: the library's own lists swallow the words after them.
    /// </summary>
    private static IEnumerable<string> JoinSets(IReadOnlyList<string> words)
    {
        var sets = new List<string>();
        var others = new List<string>();
        for (var i = 0; i < words.Count; i++)
        {
            if (words[i] == "--")
            {
                others.AddRange(words.Skip(i));
                break;
            }

            if (words[i] == "--set" && i + 1 < words.Count)
            {
                sets.Add(words[++i]);
            }
            else if (words[i].StartsWith("--set=", StringComparison.Ordinal))
            {
                sets.Add(words[i]["--set=".Length..]);
            }
            else
            {
                others.Add(words[i]);
            }
        }

        return sets.Count == 0 ? others : others.Prepend("--set=" + string.Join(',', sets));
    }

    private static string Explain(Error error, Type arguments) => error switch
    {
        UnknownOptionError unknown => $"there is no option '{Dashed(unknown.Token)}'"
            + NearestName.Hint(Dashed(unknown.Token), Describe(arguments).Select(o => "--" + o.Name)),
        RepeatedOptionError repeated => $"--{repeated.NameInfo.LongName} is given twice",
        BadFormatConversionError bad => $"--{bad.NameInfo.LongName} takes no value",
        BadFormatTokenError bad => $"cannot read '{bad.Token}'",
        NamedError named => $"--{named.NameInfo.LongName}: {named.Tag}",
        _ => $"cannot read the command line: {error.Tag}",
    };

    private static string Dashed(string token) => (token.Length == 1 ? "-" : "--") + token;
}
