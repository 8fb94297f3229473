using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// The wide residual network of FreeMatch (Zagoruyko and Komodakis 2016, Wide Residual Networks; spec 2.4): 3 x 3 convolutions with batch
/// norm and leaky ReLU in front of them, three groups of (depth - 4) / 6 blocks with <c>width</c>, 2 <c>width</c> and 4 <c>width</c>
/// channels, of which the second and the third halve the side. The mean of the last pixels is classified by a linear head. WideResNet-28-2
/// has a depth of 28 and a width of 32: twice the 16 channels that every such network begins with.
/// </summary>
/// <remarks>
/// Names are those of the reference, filters have their channels last (<see cref="Conv2d"/>), and batches are not counted
/// (<c>num_batches_tracked</c> is of no use where the momentum is given). In groups 2 and 3 the first block's <c>bn1</c> is dead, as in the
/// reference: its statistics follow the batches, what it would give is used by nobody, and its weights have no gradient.
/// </remarks>
public sealed class WideResNet : IBatchClassifier
{
    /// <summary>From this side on, the last group has several pixels of a single image, which batch norm needs.</summary>
    internal const int SmallestImage = 5;

    private const int Groups = 3;

    /// <summary>Channels of the first convolution, however wide the network.</summary>
    private const int Stem = 16;

    /// <summary>Convolutions outside the blocks' own: the first, and one shortcut a group; a block has two in each of the groups.</summary>
    private const int Ends = 4, OfBlock = 2 * Groups;

    private static readonly BatchNormConfig Norm = new(Momentum: 0.001f, Epsilon: 0.001f, NegativeSlope: 0.1f);

    private readonly Conv2d _stem;
    private readonly Block[] _blocks;
    private readonly BatchNorm _norm;
    private readonly Linear _head;

    /// <summary>Registers the parameters in <paramref name="store"/>.</summary>
    /// <param name="store">The model's store, not yet initialised.</param>
    /// <param name="options">Depth, 6 n + 4 for n blocks in each group, and width, channels of the first group.</param>
    /// <param name="form">The images.</param>
    /// <exception cref="DptException">Usage: there is no network of that depth, or the images are too small.</exception>
    public WideResNet(ParameterStore store, ClassifierOptions options, ImageForm form)
    {
        Require(options, form);
        var root = new ParameterScope(store);
        _stem = Convolution(root["conv1"], form.Channels, Stem);
        _blocks = [.. Shapes(options).Select(shape => new Block(root[$"block{shape.Group}"]["layer"][$"{shape.Layer}"], shape))];
        Classes = form.Classes;
        FeatureWidth = Channels(options, Groups);
        _norm = new BatchNorm(root["bn1"], FeatureWidth, Norm);
        _head = new Linear(
            root["fc"], FeatureWidth, form.Classes, Initializer.XavierNormal(FeatureWidth, form.Classes), Initializer.Zero);
    }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <inheritdoc/>
    public int FeatureWidth { get; }

    /// <summary>The mean of the last pixels after the final norm, [B, FeatureWidth].</summary>
    public Tensor Features(Tape tape, Tensor images) => Features(tape, images, isTraining: false);

    /// <inheritdoc/>
    public Tensor Forward(Tape tape, Tensor images) => _head.Forward(tape, Features(tape, images, isTraining: false));

    /// <inheritdoc/>
    public Tensor ForwardTraining(Tape tape, Tensor images) => _head.Forward(tape, Features(tape, images, isTraining: true));

    internal static void Require(ClassifierOptions options, ImageForm form)
    {
        var lower = Math.Max(BlocksOf(options), 1);
        Usage.Require(
            options.Depth == DepthOf(BlocksOf(options)) && options.Depth >= DepthOf(1),
            $"classifier.depth {options.Depth} is no depth of a wrn: it is 6 n + 4 with n blocks in a group; use {DepthOf(lower)} or {DepthOf(lower + 1)}");
        Usage.Require(
            form.Side >= SmallestImage,
            $"images of {form.Side} pixels are too small for a wrn, which halves them twice; it takes {SmallestImage} and more");
    }

    /// <summary>
    /// A block keeps what its norms and convolutions make of a pixel, and on the way back there are gradients of as much. In use all of it
    /// is there until the last pixel is read.
    /// </summary>
    internal static NetworkFootprint Footprint(ClassifierOptions options, ImageForm form)
    {
        const int OfPass = 4;
        var pixels = (long)form.Side * form.Side;
        var recorded = pixels * ((2 * form.Channels) + Stem);
        var side = form.Side;
        foreach (var shape in Shapes(options))
        {
            recorded += shape.ActivatesInput ? (long)side * side * shape.Ins : 0;
            side = (side + shape.Stride - 1) / shape.Stride;
            recorded += (long)side * side * shape.Outs * (shape.IsKept ? OfPass - 1 : OfPass);
        }

        recorded += 2L * side * side * Channels(options, Groups);
        return new NetworkFootprint(
            (int)pixels, Channels(options, Groups), recorded, pixels * Math.Max(Stem, options.Width) * OfPass, recorded)
        {
            LearnsWeakViews = true,
        };
    }

    /// <summary>The depth of a network of so many blocks in a group.</summary>
    internal static int DepthOf(int blocks) => (OfBlock * blocks) + Ends;

    private static int BlocksOf(ClassifierOptions options) => (options.Depth - Ends) / OfBlock;

    /// <summary>Channels of a group, from 1.</summary>
    private static int Channels(ClassifierOptions options, int group) => options.Width << (group - 1);

    private static IEnumerable<BlockShape> Shapes(ClassifierOptions options)
    {
        var ins = Stem;
        for (var group = 1; group <= Groups; group++)
        {
            for (var layer = 0; layer < BlocksOf(options); layer++)
            {
                var outs = Channels(options, group);
                yield return new BlockShape(group, layer, ins, outs);
                ins = outs;
            }
        }
    }

    /// <summary>Weights as He et al. (2015) start them for the way back, biases as PyTorch does.</summary>
    private static Conv2d Convolution(ParameterScope scope, int ins, int outs, int kernel = 3, int stride = 1) => new(
        scope,
        ins,
        outs,
        (kernel, kernel),
        new Conv2dOptions(stride, Padding: kernel / 2),
        weight: Initializer.FanOutNormal(kernel * kernel * outs),
        bias: Initializer.FanIn(kernel * kernel * ins));

    private Tensor Features(Tape tape, Tensor images, bool isTraining)
    {
        var x = _stem.Forward(tape, tape.Transpose(tape.Transpose(images, 1, 2), 2, 3));
        foreach (var block in _blocks)
        {
            x = block.Forward(tape, x, isTraining);
        }

        x = _norm.Forward(tape, x, isTraining);
        var pixels = tape.Reshape(x, new TensorShape(x.Shape[0], x.Shape[1] * x.Shape[2], FeatureWidth));
        return tape.Reshape(tape.Mean(pixels, axis: 1), new TensorShape(x.Shape[0], FeatureWidth));
    }

    /// <summary>Where a block stands, and what that makes of it.</summary>
    private readonly record struct BlockShape(int Group, int Layer, int Ins, int Outs)
    {
        public int Stride => Layer == 0 && Group > 1 ? 2 : 1;

        /// <summary>Whether its input is its residual; otherwise a convolution of one pixel makes one of it.</summary>
        public bool IsKept => Ins == Outs;

        /// <summary>Whether its first norm is in front of its first convolution; otherwise that sees the input as it is.</summary>
        public bool ActivatesInput => IsKept || Group == 1;
    }

    /// <summary>residual + conv2(act(bn2(conv1(act(bn1(x)))))), with the exceptions of the first block of a group.</summary>
    private sealed class Block(ParameterScope scope, BlockShape shape)
    {
        private readonly BatchNorm _norm1 = new(scope["bn1"], shape.Ins, Norm);
        private readonly Conv2d _conv1 = Convolution(scope["conv1"], shape.Ins, shape.Outs, stride: shape.Stride);
        private readonly BatchNorm _norm2 = new(scope["bn2"], shape.Outs, Norm);
        private readonly Conv2d _conv2 = Convolution(scope["conv2"], shape.Outs, shape.Outs);
        private readonly Conv2d? _shortcut =
            shape.IsKept ? null : Convolution(scope["convShortcut"], shape.Ins, shape.Outs, kernel: 1, shape.Stride);

        public Tensor Forward(Tape tape, Tensor x, bool isTraining)
        {
            var inner = FirstNorm(tape, x, isTraining);
            var residual = _shortcut is null ? x : _shortcut.Forward(tape, inner);
            var outer = _norm2.Forward(tape, _conv1.Forward(tape, inner), isTraining);
            return _conv2.Forward(tape, outer, residual);
        }

        private Tensor FirstNorm(Tape tape, Tensor x, bool isTraining)
        {
            if (shape.ActivatesInput)
            {
                return _norm1.Forward(tape, x, isTraining);
            }

            if (isTraining)
            {
                _norm1.Follow(tape, x);
            }

            return x;
        }
    }
}
