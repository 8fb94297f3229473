using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// What a classifier learns from images without labels: which of them take part in a step, with which label and weight, and
/// whatever an algorithm adds to the loss. All of it is work on the device that is captured and replayed: launches only, on
/// memory of its own, with no number coming back. <see cref="SemiSupervisedCatalog"/> lists those that settings can choose.
/// </summary>
public interface ISemiSupervised : IDisposable
{
    /// <summary>Numbers that every step leaves: terms of the loss, and what people want to watch.</summary>
    IReadOnlyList<StepMeasure> Measures { get; }

    /// <summary>
    /// Labels and weighs the unlabelled images of a step by what the model says of their weak views. State that follows the
    /// predictions does so here.
    /// </summary>
    /// <param name="batch">The unlabelled images of the step.</param>
    void Select(in UnlabelledBatch batch);

    /// <summary>Adds the gradients of terms of its own to the loss, if it has any.</summary>
    /// <param name="tape">The tape of the step.</param>
    /// <param name="logits">Scores of the labelled rows and the strong views, [rows,classes].</param>
    /// <param name="weights">The weights chosen for the strong views, 0 for the labelled rows, [rows].</param>
    void AddTerms(Tape tape, Tensor logits, Slice<float> weights);

    /// <summary>What the next step depends on, for a checkpoint.</summary>
    JsonObject Capture();

    /// <summary>Goes back to a captured state.</summary>
    /// <param name="state">An object that holds what <see cref="Capture"/> gave, beside other things.</param>
    /// <exception cref="InvalidDataException">The state lacks something or is of other classes; nothing has changed.</exception>
    void Restore(JsonObject state);
}

/// <summary>The unlabelled images of a step: what the model says of their weak views, and room for what an algorithm answers.</summary>
/// <param name="Images">Which of the unlabelled images each is, from 0, [batch]. An image may be there twice.</param>
/// <param name="Probabilities">Class probabilities of the weak views, [batch,classes].</param>
/// <param name="Labels">Receives a class for each image, [batch].</param>
/// <param name="Weights">
/// Receives the weight of each image in the unlabelled loss, [batch]: 0 leaves it out. NaN where the probabilities are not finite, as
/// <see cref="PseudoLabelCall"/> has it.
/// </param>
public readonly record struct UnlabelledBatch(Slice<int> Images, Slice<float> Probabilities, Slice<int> Labels, Slice<float> Weights)
{
    /// <summary>The most probable class of each image as its label, with weight 1 where its probability is at least the threshold of the class, else 0.</summary>
    /// <param name="device">The device.</param>
    /// <param name="thresholds">The confidence that a prediction of each class needs, [classes].</param>
    public void Label(Device device, Slice<float> thresholds)
    {
        ArgumentNullException.ThrowIfNull(device);
        device.Run(PseudoLabelOperator.PseudoLabel, new PseudoLabelCall
        {
            Rows = (int)Labels.Length,
            Classes = (int)thresholds.Length,
            Probabilities = Probabilities,
            Thresholds = thresholds,
            Labels = Labels,
            Weights = Weights,
        });
    }
}

/// <summary>A number that a step leaves on the device.</summary>
/// <param name="Name">Its name in the metrics.</param>
/// <param name="Value">Where it is, one element.</param>
/// <param name="Weight">Its weight in the loss; 0 for what is no term of it.</param>
/// <param name="WhenNotFinite">Subject and verb of the failure if it is not finite: <c>the loss is</c>.</param>
public readonly record struct StepMeasure(string Name, Slice<float> Value, double Weight, string WhenNotFinite);
