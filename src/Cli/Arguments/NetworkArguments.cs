using CommandLine;

namespace DPT.Engine.Cli;

/// <summary>What <c>forward</c> and <c>grad</c> understand.</summary>
internal sealed class NetworkArguments : CommonArguments
{
    [OptionGroup("Data")]
    [Option("weights", MetaValue = "FILE", HelpText = "file of torch.save, .pkl, .safetensors, or .index.json of several; or a folder of `dpt import`")]
    public string? Weights { get; set; }

    [OptionGroup("Data")]
    [Option("key", MetaValue = "NAME", HelpText = "the part of the file that is the network, e.g. target_encoder [all of it]")]
    public string? Key { get; set; }

    [OptionGroup("Data")]
    [Option("model", MetaValue = "NAME", HelpText = "uvit, songunet, vit, wrn or autoencoder")]
    public string? Model { get; set; }

    [OptionGroup("Data")]
    [Option("heads", MetaValue = "H", HelpText = "attention heads of a uvit or vit, the one size that weights do not tell")]
    public string? Heads { get; set; }

    [OptionGroup("Data")]
    [Option("features", HelpText = "of a vit: the class token after the last block, before the final norm, in place of the scores")]
    public bool Features { get; set; }

    [OptionGroup("Data")]
    [Option('x', "images", MetaValue = "FILE", HelpText = "images, float32 [N, C, S, S], an .npy file")]
    public string? X { get; set; }

    [OptionGroup("Data")]
    [Option('t', "times", MetaValue = "FILE", HelpText = "of a uvit or songunet: times, float32 [N], as the official network takes them")]
    public string? T { get; set; }

    [OptionGroup("Data")]
    [Option('y', "labels", MetaValue = "FILE", HelpText = "of a network with labels: rows of the label table, int64 [N]")]
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
    [Option("weights", MetaValue = "FILE", HelpText = "file of torch.save, .pkl, .safetensors, or .index.json of several; or a folder of `dpt import`")]
    public string? Weights { get; set; }

    [OptionGroup("Data")]
    [Option("key", MetaValue = "NAME", HelpText = "the part of the file that is the network [all of it]")]
    public string? Key { get; set; }

    [OptionGroup("Data")]
    [Option("model", MetaValue = "NAME", HelpText = "uvit or songunet [uvit; of a folder what it says]")]
    public string? Model { get; set; }

    [OptionGroup("Data")]
    [Option("heads", MetaValue = "H", HelpText = "attention heads, the one size that weights do not tell; a songunet needs none")]
    public string? Heads { get; set; }

    [OptionGroup("Data")]
    [Option("init", MetaValue = "FILE", HelpText = "the noise to start from, standard normal, float32 [N, C, S, S], an .npy file")]
    public string? Init { get; set; }

    [OptionGroup("Data")]
    [Option("labels", MetaValue = "FILE", HelpText = "of a network with labels: rows of the label table, int64 [N]")]
    public string? Labels { get; set; }

    [OptionGroup("Data")]
    [Option("autoencoder", MetaValue = "DIR", HelpText = "a folder of `dpt import --as autoencoder` that makes images of latents [none]")]
    public string? Autoencoder { get; set; }

    [OptionGroup("Settings")]
    [Option("schedule", MetaValue = "NAME", HelpText = "the process that the network was trained on: vp, cosine, discrete or edm [vp]")]
    public string? Schedule { get; set; }

    [Setting("generate.solver"), OptionGroup("Settings")]
    [Option("solver", MetaValue = "NAME", HelpText = "solver; official are dpm-solver-fast for vp, dpm-solver++-fast for discrete, edm-heun for edm")]
    public string? Solver { get; set; }

    [Setting("generate.evaluations"), OptionGroup("Settings")]
    [Option("steps", MetaValue = "N", HelpText = "network evaluations per sample")]
    public string? Steps { get; set; }

    [Setting("generate.guidance"), OptionGroup("Settings")]
    [Option("guidance", MetaValue = "SCALE", HelpText = "s of eps + s (eps - eps_null) [0]")]
    public string? Guidance { get; set; }

    [Setting("generate.threshold"), OptionGroup("Settings")]
    [Option("threshold", MetaValue = "QUANTILE", HelpText = "dynamic thresholding of predicted images, of a solver that works on them: 0.995 in the papers [none]")]
    public string? Threshold { get; set; }

    [Setting("seed"), OptionGroup("Settings")]
    [Option("seed", MetaValue = "S", HelpText = "seed of the noise that some solvers add on the way [1]")]
    public string? Seed { get; set; }

    [OptionGroup("Performance")]
    [Option("device", MetaValue = "NAME", HelpText = "auto, host, cuda or sim [auto]")]
    public string? Device { get; set; }

    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "PATH", HelpText = "the .npy file to write; with --autoencoder, the folder to make")]
    public string? Out { get; set; }
}

/// <summary>What <c>decode</c> understands.</summary>
internal sealed class DecodeArguments : CommonArguments
{
    [OptionGroup("Data")]
    [Option("autoencoder", MetaValue = "DIR", HelpText = "a folder of `dpt import --as autoencoder`")]
    public string? Autoencoder { get; set; }

    [OptionGroup("Performance")]
    [Option("device", MetaValue = "NAME", HelpText = "auto, host, cuda or sim [auto]")]
    public string? Device { get; set; }

    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "DIR", HelpText = "the folder to make")]
    public string? Out { get; set; }
}

/// <summary>What <c>import</c> understands.</summary>
internal sealed class ImportArguments : CommonArguments
{
    [OptionGroup("Data")]
    [Option("as", MetaValue = "NAME", HelpText = "which network it is: uvit, songunet, vit, wrn or autoencoder")]
    public string? As { get; set; }

    [OptionGroup("Data")]
    [Option("key", MetaValue = "NAME", HelpText = "the part of the file that is the network, e.g. target_encoder [all of it]")]
    public string? Key { get; set; }

    [OptionGroup("Data")]
    [Option("heads", MetaValue = "H", HelpText = "attention heads of a uvit or vit, the one size that weights do not tell")]
    public string? Heads { get; set; }

    [OptionGroup("Data")]
    [Option("features", HelpText = "of a vit: without its head, which the file need not have")]
    public bool Features { get; set; }

    [OptionGroup("Data")]
    [Option("image-size", MetaValue = "PIXELS", HelpText = "interpolate the positions for images of this side [that of the file]")]
    public string? ImageSize { get; set; }

    [OptionGroup("Output")]
    [Option("licence", MetaValue = "NAME", HelpText = "the licence that the card states, as the hub names it [unknown]")]
    public string? Licence { get; set; }

    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "DIR", HelpText = "the folder to make")]
    public string? Out { get; set; }
}
