using CommandLine;

namespace DPT.Engine.Cli;

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

    [Setting("generate.threshold"), OptionGroup("Settings")]
    [Option("threshold", MetaValue = "QUANTILE", HelpText = "dynamic thresholding of predicted images, likewise")]
    public string? Threshold { get; set; }

    [Setting("diffusion.autoencoder"), OptionGroup("Settings")]
    [Option("autoencoder", MetaValue = "DIR", HelpText = "of latents: the folder of the autoencoder, where it is not any more where it was in the run")]
    public string? Autoencoder { get; set; }

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

/// <summary>What <c>compare</c> understands.</summary>
internal sealed class CompareArguments : CommonArguments
{
    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "FILE", HelpText = "a page too, with the curves of all runs and their mean")]
    public string? Out { get; set; }
}
