using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>A network of another tool that predicts what is in noised images, of which samples can be drawn.</summary>
internal abstract class ForeignGenerator(Device device) : ForeignNetwork(device)
{
    /// <summary>Labels that an image may have, the one that is none among them; 0 for a network without labels.</summary>
    private protected abstract int Labels { get; }

    /// <summary>The network, as one that asks for labels.</summary>
    private protected abstract IGenerator Network { get; }

    public override NpyArray<float> Sample(SamplingInput input)
    {
        RequireImages(input.Noise, "the noise");
        var count = input.Noise.Shape[0];
        RequireLabels(input.Labels, count);
        Usage.Require(input.Guidance >= 0 && double.IsFinite(input.Guidance), $"the guidance is {input.Guidance}, it must be 0 or more");
        Usage.Require(Labels > 0 || input.Guidance == 0, "the network has no labels, so nothing can guide it: the guidance must be 0");
        var schedule = VariancePreservingSchedule.Find(input.Schedule);
        var (network, prediction) = On(schedule, input.Schedule);
        using var model = new GeneratorModel(Store.Device, network, Form, prediction);
        model.SetLabels(input.Labels is { } labels ? Array.ConvertAll(labels.Values, label => (int)label) : new int[count]);
        var sampler = new Sampler(
            Store.Device,
            schedule,
            SolverCatalog.Find(input.Solver),
            input.Evaluations,
            new Guidance(input.Guidance),
            input.Threshold);
        using var state = Store.Device.Upload<float>(input.Noise.Values);
        sampler.Solve(model, count, new SamplingNoise(input.Seed, RunStreams.SamplingNoise, FirstSample: 0), state.Slice);
        var samples = Result(Tape.Constant(new TensorShape([.. input.Noise.Shape]), state.Slice), row => $"sample {row}");
        return samples with { Values = Array.ConvertAll(samples.Values, value => (float)(value * schedule.DataDeviation)) };
    }

    /// <summary>The network as one of ours that was trained on a process, and what it predicts.</summary>
    /// <exception cref="DptException">Usage: such a network is not trained on that process.</exception>
    private protected abstract (IGenerator Network, Prediction Prediction) On(VariancePreservingSchedule schedule, string name);

    private protected override Tensor Run(Tape tape, Uploaded input) => Network.Forward(tape, input.Images, input.Times, input.Labels);

    private protected override void RequireFit(NetworkInput input)
    {
        base.RequireFit(input);
        var count = input.Images.Shape[0];
        Usage.Require(
            input.Times is { } times && times.Shape.SequenceEqual([count]), $"t is {input.Times?.ToString() ?? "missing"}, the network takes [{count}] here");
        RequireLabels(input.Labels, count);
    }

    private void RequireLabels(NpyArray<long>? labels, int count)
    {
        if (Labels == 0)
        {
            Usage.Require(labels is null, "the network has no labels, but some are given");
            return;
        }

        Usage.Require(
            labels is not null && labels.Shape.SequenceEqual([count]), $"labels are {labels?.ToString() ?? "missing"}, the network takes [{count}] here");
        var wrong = Array.FindIndex(labels!.Values, label => label < 0 || label >= Labels);
        Usage.Require(wrong < 0, $"a label is {labels.Values.ElementAtOrDefault(wrong)}, the network has 0 to {Labels - 1}");
    }
}
