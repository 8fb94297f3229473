using CommandLine;

namespace DPT.Engine.Cli;

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

/// <summary>What <c>fid</c> understands.</summary>
internal sealed class FidArguments : RunArguments
{
    [OptionGroup("Features")]
    [Option("features", MetaValue = "FILE", HelpText = "a trained network, an ONNX file or a folder of `dpt import --as vit` [a classifier trained on all true labels]")]
    public string? Features { get; set; }

    [OptionGroup("Features")]
    [Option("features-output", MetaValue = "NAME", HelpText = "the network's output that has the features [its only one]")]
    public string? FeaturesOutput { get; set; }

    [OptionGroup("Features")]
    [Option("class-output", MetaValue = "NAME", HelpText = "the network's output that has class scores before softmax, for the class score")]
    public string? ClassOutput { get; set; }

    [OptionGroup("Features")]
    [Option("pixels", MetaValue = "SCALE", HelpText = "what the network wants pixels to be: imagenet, signed, unit, bytes or caffe [imagenet]")]
    public string? Pixels { get; set; }

    [OptionGroup("Features")]
    [Option("side", MetaValue = "PIXELS", HelpText = "side of the images, for a network that takes any [that of the data]")]
    public int? Side { get; set; }

    [OptionGroup("Features")]
    [Option("statistics", MetaValue = "FILE", HelpText = "compare with the moments in this .npz (mu, sigma), not with the training images")]
    public string? Statistics { get; set; }

    [OptionGroup("Features")]
    [Option("save-statistics", MetaValue = "FILE", HelpText = "write the moments of the training images to this .npz (mu, sigma)")]
    public string? SaveStatistics { get; set; }
}

/// <summary>What <c>pretrain</c> understands.</summary>
internal sealed class PretrainArguments : ConfigArguments
{
    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "DIR", HelpText = "the folder to make, which is not there yet")]
    public string? Out { get; set; }
}

/// <summary>What <c>probe</c> understands.</summary>
internal sealed class ProbeArguments : ConfigArguments
{
    [OptionGroup("Features")]
    [Option("features", MetaValue = "FILE", HelpText = "the frozen network, an ONNX file or a folder of `dpt import --as vit`")]
    public string? Features { get; set; }

    [OptionGroup("Features")]
    [Option("features-output", MetaValue = "NAME", HelpText = "the network's output that has the features [its only one]")]
    public string? FeaturesOutput { get; set; }

    [OptionGroup("Features")]
    [Option("pixels", MetaValue = "SCALE", HelpText = "what the network wants pixels to be: imagenet, signed, unit, bytes or caffe [imagenet]")]
    public string? Pixels { get; set; }

    [OptionGroup("Features")]
    [Option("side", MetaValue = "PIXELS", HelpText = "side of the images, for a network that takes any [that of the data]")]
    public int? Side { get; set; }

    [OptionGroup("Features")]
    [Option("cache", MetaValue = "DIR", HelpText = "a folder that keeps features of images for other probes; it is made [none]")]
    public string? Cache { get; set; }

    [OptionGroup("Settings")]
    [Option("lambda", MetaValue = "NUMBER", HelpText = "the regression's penalty times the number of labelled images, or auto [0.0025]")]
    public string? Lambda { get; set; }

    [OptionGroup("Settings")]
    [Option("neighbours", MetaValue = "K", HelpText = "nearest labelled images that vote [20]")]
    public string? Neighbours { get; set; }

    [OptionGroup("Settings")]
    [Option("seeds", MetaValue = "LIST", HelpText = "labelled images drawn for each seed, e.g. 1-5 or 1,3,7-9 [--seed]")]
    public string? Seeds { get; set; }
}

/// <summary>What <c>encode</c> understands.</summary>
internal sealed class EncodeArguments : ConfigArguments
{
    [OptionGroup("Data")]
    [Option("autoencoder", MetaValue = "DIR", HelpText = "a folder of `dpt import --as autoencoder`")]
    public string? Autoencoder { get; set; }

    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "FILE", HelpText = "the .safetensors file to write; an interrupted one goes on")]
    public string? Out { get; set; }
}

/// <summary>What <c>data export</c> understands.</summary>
internal sealed class ExportArguments : ConfigArguments
{
    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "FILE", HelpText = "the PNG to write [contact-sheet.png]")]
    public string? Out { get; set; }
}
