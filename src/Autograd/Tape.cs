using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Reverse-mode differentiation. Operators run at once and, while the tape records, leave a node with what their
/// gradient needs. <see cref="Backward"/> walks the nodes in reverse and frees each one's memory as it goes.
/// Losses put the gradient of their input in place in the forward pass, so there is no seed to give.
/// </summary>
public sealed class Tape : IDisposable
{
    private readonly List<TapeNode> _nodes = [];
    private readonly List<Tensor> _owned = [];

    /// <summary>Tensors of others that were rounded for a product: what they hold may change once this tape is done.</summary>
    private readonly List<Tensor> _rounded = [];

    /// <summary>Whether an operator ran with an input that needs a gradient, and whether a loss ran: asked of a recomputed block.</summary>
    private bool _needsGradient, _hasLoss;

    /// <summary>A tape for operators on <paramref name="device"/>.</summary>
    public Tape(Device device) => Device = device;

    /// <summary>Where operators run.</summary>
    public Device Device { get; }

    /// <summary>Hears which operators run; null for nobody.</summary>
    public ITapeObserver? Observer { get; set; }

    /// <summary>Whether a block is computed again for its gradient: what a pass moves in a model has moved already.</summary>
    internal bool IsRecomputing { get; private set; }

    /// <summary>Whether operators leave nodes.</summary>
    public bool Recording { get; private set; } = true;

    /// <summary>A tensor over memory that the caller owns and keeps until the tape is reset; it has no gradient.</summary>
    public static Tensor Constant(TensorShape shape, Slice<float> data) => new(shape, data);

    /// <summary>A tensor with arbitrary content that the tape frees: inputs, noise, results of operators.</summary>
    public Tensor New(TensorShape shape)
    {
        var tensor = new Tensor(shape, Device.Allocate<float>(shape.Count), needsGradient: false);
        _owned.Add(tensor);
        return tensor;
    }

    /// <summary>Computes all gradients that the recorded losses ask for, then frees everything on the tape.</summary>
    public void Backward()
    {
        WalkBack(0);
        Reset();
    }

    /// <summary>Forgets the nodes and frees every tensor that the tape owns.</summary>
    public void Reset()
    {
        _nodes.Clear();
        IsRecomputing = false;
        ReleaseFrom(0, keep: null);
        _rounded.ForEach(tensor => tensor.DropRounding());
        _rounded.Clear();
    }

    /// <summary>
    /// Runs <paramref name="work"/> without recording and frees everything it made except its result.
    /// </summary>
    public Tensor WithoutGradient(Func<Tensor> work)
    {
        var before = Recording;
        var mark = _owned.Count;
        Recording = false;
        try
        {
            var result = work();
            ReleaseFrom(mark, keep: result);
            return result;
        }
        finally
        {
            Recording = before;
        }
    }

    /// <summary>
    /// Runs a block keeping only its result; the backward pass runs it again to get the activations back. Memory for
    /// time. The block must compute the same values both times: no hidden state, no counters; running statistics of
    /// batch norm move the first time alone. It may end in a loss.
    /// </summary>
    public Tensor Recompute(Func<Tensor> block)
    {
        if (!Recording)
        {
            return WithoutGradient(block);
        }

        (_needsGradient, _hasLoss) = (false, false);
        var mark = _owned.Count;
        var result = WithoutGradient(block);
        var isMadeHere = _owned.Count > mark;
        if (isMadeHere && _needsGradient)
        {
            Record(result, new RecomputeNode(result, block, _hasLoss));
        }

        return result;
    }

    /// <summary>
    /// Ends an operator of one's own: leaves a node with a rule for each input that may need a gradient, if one does.
    /// </summary>
    /// <param name="output">The result, made with <see cref="New"/> and computed.</param>
    /// <param name="rules">
    /// Inputs, and the gradient of each from that of the output and the output itself; shaped like the input. A rule runs in
    /// the backward pass, without recording, and only for an input that needs it. What it reads must stay as it is.
    /// </param>
    /// <returns>The output.</returns>
    public Tensor Record(
        Tensor output, params ReadOnlySpan<(Tensor Input, Func<Tensor, Tensor, Tensor> Gradient)> rules)
    {
        var records = false;
        foreach (var (input, _) in rules)
        {
            records |= Records(input);
        }

        if (records)
        {
            Record(output, new RuleNode(output, rules.ToArray()));
        }

        return output;
    }

    /// <summary>Frees what is left.</summary>
    public void Dispose() => Reset();

    /// <summary>
    /// Whether an operator must leave a node: if any of its inputs, weights and biases included, needs a gradient.
    /// </summary>
    internal bool Records(params ReadOnlySpan<Tensor?> inputs)
    {
        foreach (var input in inputs)
        {
            if (input?.NeedsGradient == true)
            {
                _needsGradient = true;
                return Recording;
            }
        }

        return false;
    }

    /// <summary>The same for a loss, which leaves no node but the gradient of its input.</summary>
    internal bool RecordsLoss(Tensor input)
    {
        _hasLoss = true;
        return Records(input);
    }

    /// <summary>Adds what <paramref name="rule"/> makes to the gradient of an input that needs one.</summary>
    internal void AddGradient(Tensor input, Func<Tensor> rule)
    {
        if (!input.NeedsGradient)
        {
            return;
        }

        var mark = _owned.Count;
        var gradient = WithoutGradient(rule);
        Shapes.Require("a gradient", "result", gradient, input.Shape);
        input.AddToGradient(gradient.Data, Device);
        ReleaseFrom(mark, keep: null);
    }

    /// <summary>A tensor as a factor of products. It must keep its elements until the tape is reset.</summary>
    internal Factor FactorOf(Tensor x)
    {
        var hadRounding = x.KeepsRounding;
        var factor = x.AsFactor(Device);
        if (x.KeepsRounding && !hadRounding)
        {
            _rounded.Add(x);
        }

        return factor;
    }

    /// <summary>A tensor with arbitrary content that is made for products, kept in what they multiply; the tape frees it.</summary>
    internal Tensor NewFactor(TensorShape shape)
    {
        if (Device.Precision == Precision.Fp32)
        {
            return New(shape);
        }

        var tensor = new Tensor(shape, Device.Allocate<BFloat16>(shape.Count), Device);
        _owned.Add(tensor);
        return tensor;
    }

    internal void Record(Tensor output, TapeNode node)
    {
        output.NeedsGradient = true;
        _nodes.Add(node);
    }

    /// <summary>Walks back over the nodes from <paramref name="floor"/> on, last first.</summary>
    internal void WalkBack(int floor)
    {
        while (_nodes.Count > floor)
        {
            var node = _nodes[^1];
            _nodes.RemoveAt(_nodes.Count - 1);
            if (node.HasGradient)
            {
                node.Backward(this);
            }

            // Whoever used the output came later on the tape, so nobody needs it any more.
            node.Release();
        }
    }

    private void ReleaseFrom(int mark, Tensor? keep)
    {
        for (var i = mark; i < _owned.Count; i++)
        {
            if (!ReferenceEquals(_owned[i], keep))
            {
                _owned[i].Release();
            }
        }

        var kept = keep is not null && _owned.IndexOf(keep, mark) >= 0;
        _owned.RemoveRange(mark, _owned.Count - mark);
        if (kept)
        {
            _owned.Add(keep!);
        }
    }

    private sealed class RuleNode(Tensor output, (Tensor Input, Func<Tensor, Tensor, Tensor> Gradient)[] rules)
        : TapeNode(output)
    {
        public override void Backward(Tape tape)
        {
            var g = Constant(Output.Shape, Output.Gradient);
            foreach (var (input, rule) in rules)
            {
                tape.AddGradient(input, () => rule(g, Output));
            }
        }
    }

    private sealed class RecomputeNode(Tensor output, Func<Tensor> block, bool hasLoss) : TapeNode(output)
    {
        public override bool HasGradient => hasLoss || base.HasGradient;

        public override void Backward(Tape tape)
        {
            var floor = tape._nodes.Count;
            var before = tape.IsRecomputing;
            tape.IsRecomputing = true;
            var again = block();
            tape.IsRecomputing = before;
            if (Output.HasGradient)
            {
                Output.PassGradientTo(again, tape.Device);
            }

            tape.WalkBack(floor);
        }
    }
}
