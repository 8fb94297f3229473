using System.Reflection;
using CommandLine;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>
/// The only file that knows CommandLineParser. Every option is a text or a switch: values are read by
/// <see cref="ConfigKey"/>, which is strict about numbers and names the limits, and "not given" stays different from
/// "given the default". Help is written by <see cref="HelpText"/>, since the library's goes to stderr.
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

    /// <summary>The options of a verb in the order of this file, as help needs them.</summary>
    public static IEnumerable<OptionInfo> Describe(Type arguments) =>
        from property in arguments.GetProperties().OrderBy(p => p.MetadataToken)
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

/// <summary>An option as help shows it.</summary>
/// <param name="Name">Long name without dashes.</param>
/// <param name="Short">Short name, or empty.</param>
/// <param name="Value">Name of its value, or empty for a switch.</param>
/// <param name="Help">What it does.</param>
/// <param name="Group">Heading that it stands under.</param>
/// <param name="Key">The setting that it gives, if it is one.</param>
internal sealed record OptionInfo(string Name, string Short, string Value, string Help, string Group, string? Key);

/// <summary>Heading of an option in help. (The library's own groups mean "one of these is required".)</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class OptionGroupAttribute(string name) : Attribute
{
    public string Name => name;
}

/// <summary>The setting that an option gives.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SettingAttribute(string key) : Attribute
{
    public string Key => key;
}

/// <summary>What a verb with a configuration understands.</summary>
internal class ConfigArguments : CommonArguments
{
    [Setting("data.spec"), OptionGroup("Data")]
    [Option("data", MetaValue = "SPEC", HelpText = "{data}")]
    public string? Data { get; set; }

    [Setting("data.labels"), OptionGroup("Data")]
    [Option("labels", MetaValue = "FILE", HelpText = "a table, file,label, that says the classes of a folder's images (format: `dpt data info --help`)")]
    public string? Labels { get; set; }

    [Setting("data.labelsPerClass"), OptionGroup("Data")]
    [Option("labels-per-class", MetaValue = "N", HelpText = "labels that the method may see, per class; 0 for all")]
    public string? LabelsPerClass { get; set; }

    [Setting("data.labelFile"), OptionGroup("Data")]
    [Option("label-file", MetaValue = "FILE", HelpText = "names the labelled images instead of drawing them by seed (format: `dpt data info --help`)")]
    public string? LabelFile { get; set; }

    [Setting("data.imageSize"), OptionGroup("Data")]
    [Option("image-size", MetaValue = "PIXELS", HelpText = "resize images to this side")]
    public string? ImageSize { get; set; }

    [Setting("data.skipBroken"), OptionGroup("Data")]
    [Option("skip-broken", HelpText = "leave out image files that cannot be read, and list them, instead of stopping")]
    public bool SkipBroken { get; set; }

    [OptionGroup("Settings")]
    [Option("preset", MetaValue = "NAME", HelpText = "settings to start from: {presets}")]
    public string? Preset { get; set; }

    [OptionGroup("Settings")]
    [Option("config", MetaValue = "FILE", HelpText = "a JSON file with settings")]
    public string? Config { get; set; }

    [OptionGroup("Settings")]
    [Option("set", MetaValue = "KEY=VALUE", HelpText = "change a setting; may be repeated; `dpt config show` lists them")]
    public string? Set { get; set; }

    [Setting("seed"), OptionGroup("Settings")]
    [Option("seed", MetaValue = "S", HelpText = "seed of everything that is random")]
    public string? Seed { get; set; }

    [Setting("device"), OptionGroup("Performance")]
    [Option("device", MetaValue = "NAME", HelpText = "auto, host, cuda or sim")]
    public string? Device { get; set; }

    [Setting("precision"), OptionGroup("Performance")]
    [Option("precision", MetaValue = "NAME", HelpText = "fp32, or bf16 for the factors of products (cuda and sim)")]
    public string? Precision { get; set; }
}

/// <summary>What a verb understands whose settings may be planned.</summary>
internal class PlannedArguments : ConfigArguments
{
    [OptionGroup("Settings")]
    [Option("budget", MetaValue = "TIME", HelpText = "plan the settings for the data, this machine and this time: 90s, 20m, 2h or max [none for digits or a preset, else 20m]")]
    public string? Budget { get; set; }
}

/// <summary>What the stage verbs understand.</summary>
internal class RunArguments : PlannedArguments
{
    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "DIR", HelpText = "new run folder [runs/NNNNN-PRESET]")]
    public string? Out { get; set; }

    [OptionGroup("Output")]
    [Option("resume", MetaValue = "DIR", HelpText = "continue in this run folder, with its settings")]
    public string? Resume { get; set; }

    [OptionGroup("Output")]
    [Option("overwrite", HelpText = "redo finished stages whose settings or data have changed; with --out, of a run that is there already")]
    public bool Overwrite { get; set; }

    [OptionGroup("Output")]
    [Option('n', "dry-run", HelpText = "print settings, sizes and the plan, write nothing")]
    public bool DryRun { get; set; }

    [Setting("run.onDivergence"), OptionGroup("Settings")]
    [Option("on-divergence", MetaValue = "WHAT", HelpText = "stop, or retry from the newest checkpoint with half of the learning rate")]
    public string? OnDivergence { get; set; }

    [OptionGroup("Performance")]
    [Option("kernels", MetaValue = "LIST", HelpText = "kernels to use: operator=variant[,operator=variant...]")]
    public string? Kernels { get; set; }

    [OptionGroup("Performance")]
    [Option("profile", HelpText = "where the time goes: a table by operator, and profile.trace.json for a trace viewer")]
    public bool Profile { get; set; }
}

/// <summary>What <c>run</c> understands.</summary>
internal sealed class RunAllArguments : RunArguments
{
    [Setting("rounds"), OptionGroup("Settings")]
    [Option("rounds", MetaValue = "N", HelpText = "rounds: from the second on, the better classifier labels all images anew, and stages 2 and 3 follow")]
    public string? Rounds { get; set; }

    [OptionGroup("Settings")]
    [Option("seeds", MetaValue = "LIST", HelpText = "a run for each seed, e.g. 1-5 or 1,3,7-9, in DIR/seed-N [runs/NNNNN-PRESET-seeds]")]
    public string? Seeds { get; set; }
}

/// <summary>What <c>predict</c> understands.</summary>
internal sealed class PredictArguments : CommonArguments
{
    [OptionGroup("Data")]
    [Option("run", MetaValue = "DIR", HelpText = "the run folder whose classifier predicts")]
    public string? Run { get; set; }

    [OptionGroup("Data")]
    [Option("skip-broken", HelpText = "leave out images that cannot be read, and name them, instead of stopping")]
    public bool SkipBroken { get; set; }

    [OptionGroup("Performance")]
    [Option("device", MetaValue = "NAME", HelpText = "auto, host, cuda or sim [auto]")]
    public string? Device { get; set; }
}

/// <summary>What <c>sample</c> understands. Settings are the run's where they are not given.</summary>
internal sealed class SampleArguments : CommonArguments
{
    [OptionGroup("Data")]
    [Option("run", MetaValue = "DIR", HelpText = "the run folder whose generator draws")]
    public string? Run { get; set; }

    [OptionGroup("Data")]
    [Option("class", MetaValue = "NAME", HelpText = "the class to draw; all of them where it is not given")]
    public string? Class { get; set; }

    [OptionGroup("Data")]
    [Option('n', "count", MetaValue = "COUNT", HelpText = "images of each class [16]")]
    public string? Count { get; set; }

    [OptionGroup("Data")]
    [Option("out", MetaValue = "PATH", HelpText = "a picture, NAME.png, with a row per class; or a folder, for a file per image")]
    public string? Out { get; set; }

    [Setting("seed"), OptionGroup("Settings")]
    [Option("seed", MetaValue = "S", HelpText = "seed of the noise; the run's, where it is not given")]
    public string? Seed { get; set; }

    [Setting("generate.guidance"), OptionGroup("Settings")]
    [Option("guidance", MetaValue = "SCALE", HelpText = "guidance scale, likewise")]
    public string? Guidance { get; set; }

    [Setting("generate.solver"), OptionGroup("Settings")]
    [Option("solver", MetaValue = "NAME", HelpText = "solver, likewise")]
    public string? Solver { get; set; }

    [Setting("generate.evaluations"), OptionGroup("Settings")]
    [Option("evaluations", MetaValue = "N", HelpText = "network evaluations per image, likewise")]
    public string? Evaluations { get; set; }

    [OptionGroup("Performance")]
    [Option("device", MetaValue = "NAME", HelpText = "auto, host, cuda or sim [auto]")]
    public string? Device { get; set; }
}

/// <summary>What <c>export</c> understands.</summary>
internal sealed class ModelExportArguments : CommonArguments
{
    [OptionGroup("Data")]
    [Option("model", MetaValue = "NAME", HelpText = "classifier or generator [classifier]")]
    public string? Model { get; set; }

    [OptionGroup("Output")]
    [Option("to", MetaValue = "FORMAT", HelpText = "safetensors, onnx or hf")]
    public string? To { get; set; }

    [OptionGroup("Output")]
    [Option("licence", MetaValue = "NAME", HelpText = "of hf: the licence that its card states, as the hub names it [unknown]")]
    public string? Licence { get; set; }

    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "PATH", HelpText = "the file to write; of hf, the folder to make")]
    public string? Out { get; set; }
}

/// <summary>What <c>forward</c> and <c>grad</c> understand.</summary>
internal sealed class NetworkArguments : CommonArguments
{
    [OptionGroup("Data")]
    [Option("weights", MetaValue = "FILE", HelpText = "file of torch.save, .safetensors, or .index.json of several")]
    public string? Weights { get; set; }

    [OptionGroup("Data")]
    [Option("key", MetaValue = "NAME", HelpText = "the part of the file that is the network, e.g. target_encoder [all of it]")]
    public string? Key { get; set; }

    [OptionGroup("Data")]
    [Option("model", MetaValue = "NAME", HelpText = "uvit or vit")]
    public string? Model { get; set; }

    [OptionGroup("Data")]
    [Option("heads", MetaValue = "H", HelpText = "attention heads, the one size that weights do not tell")]
    public string? Heads { get; set; }

    [OptionGroup("Data")]
    [Option("features", HelpText = "of a vit: the class token after the last block, before the final norm, in place of the scores")]
    public bool Features { get; set; }

    [OptionGroup("Data")]
    [Option('x', "images", MetaValue = "FILE", HelpText = "images, float32 [N, C, S, S], an .npy file")]
    public string? X { get; set; }

    [OptionGroup("Data")]
    [Option('t', "times", MetaValue = "FILE", HelpText = "of a uvit: times, float32 [N], as the official network takes them")]
    public string? T { get; set; }

    [OptionGroup("Data")]
    [Option('y', "labels", MetaValue = "FILE", HelpText = "of a uvit with labels: rows of the label table, int64 [N]")]
    public string? Y { get; set; }

    [OptionGroup("Performance")]
    [Option("device", MetaValue = "NAME", HelpText = "auto, host, cuda or sim [auto]")]
    public string? Device { get; set; }

    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "FILE", HelpText = "the file to write: .npy of forward, .npz of grad")]
    public string? Out { get; set; }
}

/// <summary>What <c>generate --weights</c> understands.</summary>
internal sealed class NetworkSampleArguments : CommonArguments
{
    [OptionGroup("Data")]
    [Option("weights", MetaValue = "FILE", HelpText = "file of torch.save, .safetensors, or .index.json of several")]
    public string? Weights { get; set; }

    [OptionGroup("Data")]
    [Option("key", MetaValue = "NAME", HelpText = "the part of the file that is the network [all of it]")]
    public string? Key { get; set; }

    [OptionGroup("Data")]
    [Option("heads", MetaValue = "H", HelpText = "attention heads, the one size that weights do not tell")]
    public string? Heads { get; set; }

    [OptionGroup("Data")]
    [Option("init", MetaValue = "FILE", HelpText = "the noise to start from, standard normal, float32 [N, C, S, S], an .npy file")]
    public string? Init { get; set; }

    [OptionGroup("Data")]
    [Option("labels", MetaValue = "FILE", HelpText = "of a network with labels: rows of the label table, int64 [N]")]
    public string? Labels { get; set; }

    [OptionGroup("Settings")]
    [Option("schedule", MetaValue = "NAME", HelpText = "the process that the network was trained on: vp, cosine or discrete [vp]")]
    public string? Schedule { get; set; }

    [Setting("generate.solver"), OptionGroup("Settings")]
    [Option("solver", MetaValue = "NAME", HelpText = "solver; official are dpm-solver-fast for vp, dpm-solver++-fast for discrete")]
    public string? Solver { get; set; }

    [Setting("generate.evaluations"), OptionGroup("Settings")]
    [Option("steps", MetaValue = "N", HelpText = "network evaluations per sample")]
    public string? Steps { get; set; }

    [Setting("generate.guidance"), OptionGroup("Settings")]
    [Option("guidance", MetaValue = "SCALE", HelpText = "s of eps + s (eps - eps_null) [0]")]
    public string? Guidance { get; set; }

    [Setting("seed"), OptionGroup("Settings")]
    [Option("seed", MetaValue = "S", HelpText = "seed of the noise that some solvers add on the way [1]")]
    public string? Seed { get; set; }

    [OptionGroup("Performance")]
    [Option("device", MetaValue = "NAME", HelpText = "auto, host, cuda or sim [auto]")]
    public string? Device { get; set; }

    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "FILE", HelpText = "the .npy file to write")]
    public string? Out { get; set; }
}

/// <summary>What <c>compare</c> understands.</summary>
internal sealed class CompareArguments : CommonArguments
{
    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "FILE", HelpText = "a page too, with the curves of all runs and their mean")]
    public string? Out { get; set; }
}

/// <summary>What <c>data export</c> understands.</summary>
internal sealed class ExportArguments : ConfigArguments
{
    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "FILE", HelpText = "the PNG to write [contact-sheet.png]")]
    public string? Out { get; set; }
}

/// <summary>What the kernel verbs understand that run on a device.</summary>
internal class KernelArguments : CommonArguments
{
    [OptionGroup("Performance")]
    [Option("device", MetaValue = "NAME", HelpText = "auto, host, cuda or sim [auto]")]
    public string? Device { get; set; }

    [OptionGroup("Performance")]
    [Option("seed", MetaValue = "S", HelpText = "seed of the operands [1]")]
    public string? Seed { get; set; }
}

/// <summary>What <c>kernels test</c> understands.</summary>
internal sealed class KernelTestArguments : KernelArguments
{
    [OptionGroup("Settings")]
    [Option("case", MetaValue = "LABEL", HelpText = "only this case, by its label or a part of it [all]")]
    public string? Case { get; set; }

    [OptionGroup("Settings")]
    [Option("against", MetaValue = "NAME", HelpText = "run on this device too, and count the cases whose bits differ")]
    public string? Against { get; set; }

    [OptionGroup("Settings")]
    [Option("replay", MetaValue = "FILE", HelpText = "run the cases that failed before, from the file written then")]
    public string? Replay { get; set; }
}

/// <summary>What <c>kernels assemble</c> understands.</summary>
internal sealed class AssembleArguments : CommonArguments
{
    [OptionGroup("Settings")]
    [Option("arch", MetaValue = "NAME", HelpText = "sm_80 or sm_90a [both]")]
    public string? Arch { get; set; }

    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "FILE", HelpText = "the archive to write [cubins.zip]")]
    public string? Out { get; set; }
}

/// <summary>What the kernel verbs understand that make code.</summary>
internal class ArchitectureArguments : CommonArguments
{
    [OptionGroup("Settings")]
    [Option("arch", MetaValue = "NAME", HelpText = "sm_80 or sm_90a [the least that the variant runs on]")]
    public string? Arch { get; set; }

    /// <summary>What was asked for; if nothing was, the least that all of the variants run on.</summary>
    /// <exception cref="PtxException">There is none of that name.</exception>
    public PtxArchitecture ArchitectureFor(params IEnumerable<KernelVariant> variants) => Arch is null
        ? variants.Select(v => v.MinArchitecture()).Aggregate(PtxArchitecture.Sm80, (all, own) => all.Runs(own) ? all : own)
        : PtxArchitecture.Find(Arch);
}

/// <summary>What <c>kernels ptx</c> understands.</summary>
internal class PtxArguments : ArchitectureArguments
{
    [OptionGroup("Output")]
    [Option("diff", MetaValue = "ID", HelpText = "print the difference to this variant, and the counts of both")]
    public string? Diff { get; set; }
}

/// <summary>What <c>kernels sass</c> understands.</summary>
internal sealed class SassArguments : PtxArguments
{
    [OptionGroup("Settings")]
    [Option("case", MetaValue = "LABEL", HelpText = "the case that says what runs how often, by its label or a part of it [the largest]")]
    public string? Case { get; set; }

    [OptionGroup("Output")]
    [Option("loop", HelpText = "the instructions of loops only")]
    public bool Loop { get; set; }
}

/// <summary>What <c>kernels sim</c> understands.</summary>
internal sealed class SimArguments : ArchitectureArguments
{
    [OptionGroup("Settings")]
    [Option("case", MetaValue = "LABEL", HelpText = "the case, by its label or a part of it [the largest]")]
    public string? Case { get; set; }
}

/// <summary>What <c>kernels tune</c> understands.</summary>
internal class TuneArguments : CommonArguments
{
    [OptionGroup("Settings")]
    [Option("case", MetaValue = "LABEL", HelpText = "shapes with this in their label [those of real networks]")]
    public string? Case { get; set; }

    [OptionGroup("Performance")]
    [Option("device", MetaValue = "NAME", HelpText = "auto, host or cuda [auto]")]
    public string? Device { get; set; }

    [OptionGroup("Performance")]
    [Option("seconds", MetaValue = "S", HelpText = "time for each variant and shape [1]")]
    public string? Seconds { get; set; }
}

/// <summary>What <c>kernels bench</c> understands.</summary>
internal sealed class BenchArguments : TuneArguments
{
    [OptionGroup("Output")]
    [Option("plot", MetaValue = "FILE", HelpText = "a page with the time of every turn")]
    public string? Plot { get; set; }
}

/// <summary>What every verb understands.</summary>
internal class CommonArguments
{
    [OptionGroup("Output"), Option("json", HelpText = "print the result as JSON")]
    public bool Json { get; set; }

    [OptionGroup("Output"), Option('q', "quiet", HelpText = "no progress, no messages; errors and results only")]
    public bool Quiet { get; set; }

    [OptionGroup("Output"), Option('v', "verbose", HelpText = "more messages; failures show where they happened")]
    public bool Verbose { get; set; }

    [Value(0, Hidden = true)]
    public IEnumerable<string> Words { get; set; } = [];
}
