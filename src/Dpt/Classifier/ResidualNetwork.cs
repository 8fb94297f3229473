using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A residual network of 3 x 3 convolutions (He et al. 2016, Identity Mappings in Deep Residual Networks: normalise, activate,
/// convolve, twice a block). Patches become pixels of <c>width</c> channels; a stage of <c>depth</c> blocks works on them; then four
/// pixels become one of twice the channels for the next stage, while their side is even and at least <see cref="SmallestSide"/>
/// are left. The mean of the last pixels is classified by a linear head.
/// </summary>
/// <remarks>
/// Layer norms over the channels of a pixel and exact GELU take the place of batch norms and ReLU: an image's scores do not depend
/// on the images beside it. With few labels and few updates it learns what neighbouring pixels mean far sooner than a transformer
/// does, which has to find out that they are neighbours.
/// </remarks>
public sealed class ResidualNetwork : IClassifier
{
    /// <summary>Pixels along a side of the last stage, at least, if the first has more.</summary>
    private const int SmallestSide = 4;

    private const float NormEpsilon = 1e-6f;

    private readonly PatchEmbedOp.Parts _embedding;
    private readonly Stage[] _stages;
    private readonly LayerNorm _norm;
    private readonly Linear _head;

    /// <summary>Registers the parameters in <paramref name="store"/>.</summary>
    /// <param name="store">The model's store, not yet initialised.</param>
    /// <param name="options">Patch, width of the first stage, depth of each.</param>
    /// <param name="form">The images; the patch divides their side.</param>
    /// <exception cref="DptException">Usage: the sizes do not fit.</exception>
    public ResidualNetwork(ParameterStore store, ClassifierOptions options, ImageForm form)
    {
        Require(options, form);
        var root = new ParameterScope(store);
        var sides = Sides(options, form);
        var (patch, width, side) = (options.PatchSize, options.Width, sides[0]);
        var projection = root["patch_embed"]["proj"];
        _embedding = new PatchEmbedOp.Parts(
            projection.Add(
                "weight", new TensorShape(width, form.Channels, patch, patch), Initializer.FanIn(form.Channels * patch * patch)),
            projection.Add("bias", new TensorShape(width), Initializer.Zero, decays: false),
            root.Add("pos_embed", new TensorShape(1, side * side, width), Initializer.Zero, decays: false));
        _stages = [.. sides.Select((s, i) => new Stage(root["stages"][$"{i}"], s, width << i, options.Depth, isFirst: i == 0))];
        Classes = form.Classes;
        FeatureWidth = width << (sides.Length - 1);
        _norm = new LayerNorm(root["norm"], FeatureWidth, NormEpsilon);
        _head = new Linear(root["fc"], FeatureWidth, form.Classes, Initializer.FanIn(FeatureWidth), Initializer.Zero);
    }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <inheritdoc/>
    public int FeatureWidth { get; }

    /// <summary>The mean of the last stage's pixels after the final norm, [B, FeatureWidth].</summary>
    public Tensor Features(Tape tape, Tensor images)
    {
        var batch = images.Shape[0];
        var x = tape.FromPatches(tape.PatchEmbed(images, _embedding), _stages[0].Grid(batch));
        foreach (var stage in _stages)
        {
            x = stage.Forward(tape, x, batch);
        }

        var pixels = _norm.Forward(tape, tape.ToPatches(x, _stages[^1].Grid(batch)));
        return tape.Reshape(tape.Mean(pixels, axis: 1), new TensorShape(batch, FeatureWidth));
    }

    /// <inheritdoc/>
    public Tensor Forward(Tape tape, Tensor images) => _head.Forward(tape, Features(tape, images));

    internal static void Require(ClassifierOptions options, ImageForm form) =>
        NetworkSizes.RequireTokens("classifier", options.PatchSize, options.Width, form.Side);

    /// <summary>A block keeps what its two norms, activations and convolutions make of a pixel.</summary>
    internal static NetworkFootprint Footprint(ClassifierOptions options, ImageForm form)
    {
        const int OfBlock = 6, OfEnds = 4;
        var sides = Sides(options, form);
        var rows = sides.Select(side => (side + 1L) * (side + 1)).ToArray();
        var floats = rows.Select((count, stage) => count * (options.Width << stage)).ToArray();
        var recorded = floats.Sum() * ((OfBlock * options.Depth) + OfEnds);
        return new NetworkFootprint(
            (int)rows[0], options.Width << (sides.Length - 1), recorded, floats[0] * OfBlock, recorded);
    }

    private static int[] Sides(ClassifierOptions options, ImageForm form)
    {
        var sides = new List<int> { form.Side / options.PatchSize };
        while (sides[^1] % 2 == 0 && sides[^1] / 2 >= SmallestSide)
        {
            sides.Add(sides[^1] / 2);
        }

        return [.. sides];
    }

    /// <summary>Blocks on pixels of one size; before those of a later stage, four pixels become one.</summary>
    private sealed class Stage
    {
        private const int Merged = 2;

        private readonly int _side;
        private readonly LayerNorm? _mergeNorm;
        private readonly Linear? _merge;
        private readonly Block[] _blocks;

        public Stage(ParameterScope scope, int side, int width, int depth, bool isFirst)
        {
            _side = side;
            if (!isFirst)
            {
                var ins = Merged * Merged * (width / 2);
                _mergeNorm = new LayerNorm(scope["merge"]["norm"], width / 2, NormEpsilon);
                _merge = new Linear(scope["merge"]["fc"], ins, width, Initializer.FanIn(ins), Initializer.Zero, isHidden: true);
            }

            _blocks = [.. Enumerable.Range(0, depth).Select(i => new Block(scope["blocks"][$"{i}"], width))];
        }

        public PixelGrid Grid(int batch) => new(batch, _side);

        /// <param name="tape">The tape.</param>
        /// <param name="x">Pixels of the stage before; of this one, if it is the first.</param>
        /// <param name="batch">Pictures.</param>
        public Tensor Forward(Tape tape, Tensor x, int batch)
        {
            var grid = Grid(batch);
            if (_merge is not null)
            {
                var finer = new PixelGrid(batch, Merged * _side);
                var patches = tape.ToPatches(_mergeNorm!.Forward(tape, x), finer, Merged);
                x = tape.FromPatches(_merge.Forward(tape, patches), grid);
            }

            foreach (var block in _blocks)
            {
                x = block.Forward(tape, x, grid);
            }

            return x;
        }
    }

    /// <summary>x + conv2(gelu(norm2(conv1(gelu(norm1(x)))))).</summary>
    private sealed class Block(ParameterScope scope, int width)
    {
        private readonly LayerNorm _norm1 = new(scope["norm1"], width, NormEpsilon);
        private readonly Convolution _conv1 = new(scope["conv1"], width, width);
        private readonly LayerNorm _norm2 = new(scope["norm2"], width, NormEpsilon);
        private readonly Convolution _conv2 = new(scope["conv2"], width, width);

        public Tensor Forward(Tape tape, Tensor x, PixelGrid grid)
        {
            var inner = _conv1.Forward(tape, Activated(tape, _norm1, x), grid);
            return _conv2.Forward(tape, Activated(tape, _norm2, inner), grid, residual: x);
        }

        private static Tensor Activated(Tape tape, LayerNorm norm, Tensor x) =>
            tape.Activate(norm.Forward(tape, x), Activation.Gelu);
    }
}
