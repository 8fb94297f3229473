using System.Text.Json;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// Trained networks as ONNX: one file for the runtimes of other tools. The graph is what the network computes on a tape, so every network
/// of our operators can be written, those of one's own too.
/// </summary>
public static class OnnxExport
{
    /// <summary>Images that the traced batch has: the graph takes any number.</summary>
    private const int Traced = 2;

    /// <summary>Writes a classifier; the file appears whole or not at all.</summary>
    /// <remarks>
    /// Input <c>images</c>, [batch, C, S, S], pixels scaled to 0..1: what the classifier does to them is part of the graph. Outputs
    /// <c>logits</c> and <c>probabilities</c>, [batch, classes]. The metadata <c>classNames</c> is a JSON list.
    /// </remarks>
    /// <param name="classifier">The classifier.</param>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <exception cref="DptException">Usage: the network cannot be written so, or is too large.</exception>
    public static void Save(TrainedClassifier classifier, string path)
    {
        var (model, form) = (classifier.Model, classifier.Form);
        var graph = new OnnxGraph(TrainedClassifier.Kind);
        var images = graph.Floats("images", "pixels, 0..1", form.Channels, form.Side, form.Side);
        var normal = graph.Node(
            "Div",
            [graph.Node("Sub", [images, PerChannel(graph, model.Normalisation.Mean)]), PerChannel(graph, model.Normalisation.Deviation)]);
        var logits = Trace(model.Store, form, new OnnxTranslation(graph, model.Store.Device), normal, (tape, x) => model.Network.Forward(tape, x));
        graph.Output(logits, "logits", "scores of the classes", model.Network.Classes);
        graph.Output(graph.Node("Softmax", [logits], ("axis", -1)), "probabilities", "of the classes, 0..1", model.Network.Classes);
        graph.Save(path, RunRecord.EngineVersion, Metadata(classifier.ClassNames));
    }

    /// <summary>Writes a generator's network, one evaluation of it; the file appears whole or not at all.</summary>
    /// <remarks>
    /// Inputs <c>x</c>, [batch, C, S, S], the noisy images; <c>t</c>, [batch], the network's times (<see cref="NoiseSchedule.NetworkTime"/>);
    /// <c>y</c>, [batch], classes, the number of classes standing for none. Output: <c>noise</c>, <c>velocity</c> or <c>data</c>, shaped like
    /// x, whichever it predicts. The metadata has <c>classNames</c>, a JSON list, and <c>schedule</c>.
    /// </remarks>
    /// <param name="generator">The generator.</param>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <exception cref="DptException">Usage: the network cannot be written so, or is too large.</exception>
    public static void Save(TrainedGenerator generator, string path)
    {
        var (model, form) = (generator.Model, generator.Model.Form);
        var device = model.Store.Device;
        var graph = new OnnxGraph(TrainedGenerator.Kind);
        var images = graph.Floats("x", "noisy images, 0 in the middle", form.Channels, form.Side, form.Side);
        var translation = new OnnxTranslation(graph, device)
        {
            Times = graph.Floats("t", "times, as the network takes them"),
            Labels = graph.Integers("y", $"classes; {form.Classes} for none"),
        };
        using var times = device.Upload<float>(new float[Traced]);
        using var labels = device.Upload<int>(new int[Traced]);
        var prediction = Trace(
            model.Store, form, translation, images, (tape, x) => model.Network.Forward(tape, x, times.Slice, labels.Slice));
        graph.Output(
            prediction, model.Prediction.ToString().ToLowerInvariant(), "what the network predicts", form.Channels, form.Side, form.Side);
        graph.Save(path, RunRecord.EngineVersion, Metadata(generator.ClassNames).Append(new("schedule", generator.Schedule)));
    }

    /// <summary>Runs a network once, under the eyes of a translation.</summary>
    /// <returns>The value of its result.</returns>
    private static string Trace(
        ParameterStore store, ImageForm form, OnnxTranslation translation, string images, Func<Tape, Tensor, Tensor> network)
    {
        using var memory = store.Device.Upload<float>(new float[Traced * form.Elements]);
        using var tape = new Tape(store.Device) { Observer = translation };
        var x = Tape.Constant(new TensorShape(Traced, form.Channels, form.Side, form.Side), memory.Slice);
        translation.Know(x, images);
        return translation.NameOf(tape.WithoutGradient(() => network(tape, x)));
    }

    private static string PerChannel(OnnxGraph graph, float[] values) =>
        graph.Node("Reshape", [graph.Constant(values), graph.Constant(1L, values.Length, 1L, 1L)]);

    private static IEnumerable<KeyValuePair<string, string>> Metadata(IReadOnlyList<string> classNames) =>
        [new("classNames", JsonSerializer.Serialize(classNames))];
}
