using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// What one step of a classifier learns from, in memory that every step uses again: the labelled rows first, then the unlabelled.
/// </summary>
/// <param name="Views">Weak views of the labelled images, strong views of the unlabelled, [rows,C,S,S].</param>
/// <param name="Unlabelled">Which of the unlabelled images those are, [unlabelled].</param>
/// <param name="WeakViews">Weak views of the unlabelled images, [unlabelled,C,S,S]; null if there are none.</param>
/// <param name="AllViews">Both, the weak views behind the others: the same memory, [rows + unlabelled,C,S,S].</param>
/// <param name="Labels">Class of each row, [rows]: true for the labelled ones; those of the others are chosen in the step.</param>
/// <param name="Labelled">1 for labelled rows, 0 for unlabelled, [rows].</param>
/// <param name="Weights">Weight of each row in the unlabelled loss, [rows]: 0 for labelled ones; the others are chosen in the step.</param>
internal sealed record ClassifierBatch(
    Tensor Views,
    Slice<int> Unlabelled,
    Tensor? WeakViews,
    Tensor AllViews,
    Slice<int> Labels,
    Slice<float> Labelled,
    Slice<float> Weights);

/// <summary>Draws the batches of a classifier's training, labelled and unlabelled images with replacement.</summary>
internal sealed class ClassifierBatches : IDisposable
{
    private readonly Device _device;
    private readonly SemiSupervisedOptions _options;
    private readonly ulong _seed;
    private readonly DeviceImages _labelled;
    private readonly DeviceImages _unlabelled;
    private readonly BatchSampler _labelledDraw;
    private readonly BatchSampler _unlabelledDraw;
    private readonly int[] _trueLabels;
    private readonly int[] _numbers;
    private readonly DeviceBuffer<int> _deviceNumbers;
    private readonly DeviceBuffer<float> _views;
    private readonly DeviceBuffer<float> _rowWeights;

    /// <summary>Prepares for the batches that the options ask for.</summary>
    /// <param name="classifier">Whose normalisation and device.</param>
    /// <param name="options">Sizes and augmentation.</param>
    /// <param name="labelled">Images whose labels may be used.</param>
    /// <param name="unlabelled">Images whose labels are never read.</param>
    /// <param name="seed">Seed of the stage.</param>
    public ClassifierBatches(
        ImageClassifier classifier, SemiSupervisedOptions options, LabelledImages labelled, ImageDataset unlabelled, ulong seed)
    {
        (_device, _options, _seed, _trueLabels) = (classifier.Store.Device, options, seed, labelled.Images.Labels);
        _labelled = new DeviceImages(_device, labelled.Images, classifier.Normalisation);
        _unlabelled = new DeviceImages(_device, unlabelled, classifier.Normalisation);
        _labelledDraw = labelled.Sampler(seed);
        _unlabelledDraw = BatchSampler.WithReplacement(unlabelled.Count, seed, RunStreams.UnlabelledDraw);

        // Which images, then the labels of all rows: what a step is told in one copy lies together.
        var (few, many, rows) = (options.LabelledBatch, options.UnlabelledBatch, options.LabelledBatch + options.UnlabelledBatch);
        _numbers = new int[rows + few];
        _deviceNumbers = _device.Allocate<int>(2 * rows);
        _views = _device.Allocate<float>(_labelled.ShapeOf(rows + many).Count);
        _rowWeights = _device.Upload<float>([.. Enumerable.Repeat(1f, few), .. new float[many + rows]]);
        Batch = new ClassifierBatch(
            Tape.Constant(_labelled.ShapeOf(rows), Views(0, rows)),
            _deviceNumbers.Slice.Range(few, many),
            many > 0 ? Tape.Constant(_labelled.ShapeOf(many), Views(rows, many)) : null,
            Tape.Constant(_labelled.ShapeOf(rows + many), Views(0, rows + many)),
            _deviceNumbers.Slice.From(rows),
            _rowWeights.Slice.Range(0, rows),
            _rowWeights.Slice.From(rows));
    }

    /// <summary>The batch: its memory is the same in every step.</summary>
    public ClassifierBatch Batch { get; }

    /// <summary>Fills the batch of a step, counted from 0.</summary>
    public void Draw(int step)
    {
        var (few, many, rows) = (_options.LabelledBatch, _options.UnlabelledBatch, _options.LabelledBatch + _options.UnlabelledBatch);
        _labelled.Choose(_labelledDraw, step, _numbers.AsSpan(0, few));
        _unlabelled.Choose(_unlabelledDraw, step, _numbers.AsSpan(few, many));
        for (var row = 0; row < few; row++)
        {
            _numbers[rows + row] = _trueLabels[_numbers[row]];
        }

        _device.CopyIn<int>(_numbers, _deviceNumbers.Slice.Range(0, _numbers.Length));
        var (fewImages, manyImages) = (_deviceNumbers.Slice.Range(0, few), _deviceNumbers.Slice.Range(few, many));
        Draw(_labelled, fewImages, AugmentPolicy.Weak, RunStreams.LabelledView, step, Views(0, few));
        if (many > 0)
        {
            Draw(_unlabelled, manyImages, AugmentPolicy.Weak, RunStreams.WeakView, step, Views(rows, many));
            Draw(_unlabelled, manyImages, AugmentPolicy.Strong, RunStreams.StrongView, step, Views(few, many));
        }
    }

    /// <summary>The memory of some views: labelled ones, then strong ones, then weak ones.</summary>
    private Slice<float> Views(int first, int count) =>
        _views.Slice.Range(first * _labelled.ShapeOf(1).Count, _labelled.ShapeOf(count).Count);

    private void Draw(
        DeviceImages images, Slice<int> indices, AugmentPolicy policy, uint stream, int step, Slice<float> views) => images.Draw(
        views, indices, new ImageView(policy, stream, _options.Flip, _options.CropPadding), _seed, firstSample: step * indices.Length);

    public void Dispose()
    {
        _labelled.Dispose();
        _unlabelled.Dispose();
        _deviceNumbers.Dispose();
        _views.Dispose();
        _rowWeights.Dispose();
    }
}
