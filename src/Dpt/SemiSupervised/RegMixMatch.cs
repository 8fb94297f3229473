using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// RegMixMatch (Han et al., AAAI 2025), as its variant for the USB library has it: FreeMatch, and a second pass through mixed images. The labelled views
/// and the strong views of those unlabelled images whose class the model is all but certain of are mixed with each other by ResizeMix
/// (<see cref="ResizeMixBox"/>), and learn the classes of both by their areas, the sum of their losses over the number of unlabelled images.
/// </summary>
/// <remarks>
/// A step has the same size each time, so the mixed images fill a batch that has room for all, as often as they can
/// (<see cref="RegMixMatchPairsCall"/>).
/// </remarks>
internal sealed class RegMixMatch : ITwoPassAlgorithm
{
    /// <summary>From this confidence on an image is mixed.</summary>
    private const float Certain = 0.99f;

    private readonly Device _device;
    private readonly FreeMatch _freeMatch;
    private readonly UnlabelledImages _images;
    private readonly (int Labelled, int Unlabelled, int All) _rows;
    private readonly BatchSampler _order;

    /// <summary>A step's order of the rows, then lines and columns of its box.</summary>
    private readonly int[] _draws;
    private readonly DeviceBuffer<int> _deviceDraws;
    private readonly DeviceBuffer<float> _share;
    private readonly DeviceBuffer<float> _certain;
    private readonly DeviceBuffer<float> _takesPart;
    private readonly DeviceBuffer<int> _pairs;
    private readonly DeviceBuffer<float> _targets;
    private readonly DeviceBuffer<float> _weights;
    private readonly DeviceBuffer<float> _loss;

    public RegMixMatch(Device device, SemiSupervisedOptions options, UnlabelledImages images)
    {
        (_device, _images) = (device, images);
        _rows = (options.LabelledBatch, options.UnlabelledBatch, options.LabelledBatch + options.UnlabelledBatch);
        _freeMatch = new FreeMatch(device, options, images.Classes);
        _order = BatchSampler.Shuffled(_rows.All, images.Seed, RunStreams.MixOrder);
        _draws = new int[_rows.All + (2 * images.Side)];
        _deviceDraws = device.Allocate<int>(_draws.Length);
        _share = device.Allocate<float>(1);
        _certain = device.Upload<float>([.. Enumerable.Repeat(Certain, images.Classes)]);
        _takesPart = device.Upload<float>([.. Enumerable.Repeat(1f, _rows.All)]);
        _pairs = device.Allocate<int>(2 * _rows.All);
        _targets = device.Allocate<float>((long)_rows.All * images.Classes);
        _weights = device.Allocate<float>(_rows.All);
        _loss = device.Allocate<float>(1);
        Measures = [.. _freeMatch.Measures, new("mixed/loss", _loss.Slice, Weight: 1, "the scores of the mixed images are")];
    }

    public IReadOnlyList<StepMeasure> Measures { get; }

    private Slice<int> Own => _pairs.Slice.Range(0, _rows.All);

    private Slice<int> Pasted => _pairs.Slice.From(_rows.All);

    public void Draw(int step)
    {
        var (all, side) = (_rows.All, _images.Side);
        _order.Draw(step, _draws.AsSpan(0, all));
        var box = ResizeMixBox.Draw(_images.Seed, step, side);
        box.Resize(_draws.AsSpan(all, side), _draws.AsSpan(all + side));
        _device.CopyIn<int>(_draws, _deviceDraws.Slice);
        _device.CopyIn<float>([(float)box.ShareOf(side)], _share.Slice);
    }

    /// <summary>As FreeMatch does; beside that, who is mixed: the labelled images, and those with a confidence of 0.99.</summary>
    public void Select(in UnlabelledBatch batch)
    {
        _freeMatch.Select(batch);
        (batch with { Weights = _takesPart.Slice.From(_rows.Labelled) }).Label(_device, _certain.Slice);
    }

    public void AddTerms(Tape tape, Tensor logits, Slice<float> weights) => _freeMatch.AddTerms(tape, logits, weights);

    public void PassAgain(Tape tape, Tensor views, Slice<int> labels, Func<Tensor, Tensor> network)
    {
        _device.Run(RegMixMatchPairsOperator.Pairs, new RegMixMatchPairsCall
        {
            Rows = _rows.All,
            Classes = _images.Classes,
            Weight = 1f / _rows.Unlabelled,
            Labels = labels,
            TakesPart = _takesPart.Slice,
            Order = _deviceDraws.Slice.Range(0, _rows.All),
            Share = _share.Slice,
            Own = Own,
            Pasted = Pasted,
            Targets = _targets.Slice,
            Weights = _weights.Slice,
        });
        var losses = tape.SoftCrossEntropy(network(Mixed(tape, views)), _targets.Slice, scale: 1, _weights.Slice);
        _device.Run(PrimitiveOperators.AxisReduce, new AxisReduceCall
        {
            Outer = 1,
            Length = _rows.All,
            Inner = 1,
            Reduction = AxisReduction.Sum,
            X = losses.Data,
            Y = _loss.Slice,
        });
    }

    public JsonObject Capture() => _freeMatch.Capture();

    public void Restore(JsonObject state) => _freeMatch.Restore(state);

    public void Dispose()
    {
        _freeMatch.Dispose();
        _deviceDraws.Dispose();
        _share.Dispose();
        _certain.Dispose();
        _takesPart.Dispose();
        _pairs.Dispose();
        _targets.Dispose();
        _weights.Dispose();
        _loss.Dispose();
    }

    private Tensor Mixed(Tape tape, Tensor views)
    {
        var mixed = tape.New(views.Shape);
        _device.Run(MixPasteOperator.Paste, new MixPasteCall
        {
            Rows = _rows.All,
            SourceRows = _rows.All,
            Channels = views.Shape[1],
            Side = _images.Side,
            Images = views.Data,
            Own = Own,
            Pasted = Pasted,
            Lines = _deviceDraws.Slice.Range(_rows.All, _images.Side),
            Columns = _deviceDraws.Slice.From(_rows.All + _images.Side),
            Mixed = mixed.Data,
        });
        return mixed;
    }
}
