using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// What MSN compares instead of features: two hidden layers with batch norm and GELU, and a linear layer, by the official names
/// <c>fc1</c>, <c>bn1</c>, <c>fc2</c>, <c>bn2</c>, <c>fc3</c> (spec 2.2). It is thrown away after the training.
/// </summary>
internal sealed class ProjectionHead
{
    private static readonly BatchNormConfig Norm = new();

    private readonly Linear _fc1;
    private readonly BatchNorm _bn1;
    private readonly Linear _fc2;
    private readonly BatchNorm _bn2;
    private readonly Linear _fc3;

    /// <summary>Registers parameters and buffers.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="ins">Numbers of a feature.</param>
    /// <param name="hidden">Width of the hidden layers.</param>
    /// <param name="outs">Numbers of an embedding.</param>
    public ProjectionHead(ParameterScope scope, int ins, int hidden, int outs)
    {
        _fc1 = new Linear(scope["fc1"], ins, hidden, Initializer.FanIn(ins), Initializer.Zero);
        _bn1 = new BatchNorm(scope["bn1"], hidden, Norm);
        _fc2 = new Linear(scope["fc2"], hidden, hidden, Initializer.FanIn(hidden), Initializer.Zero, isHidden: true);
        _bn2 = new BatchNorm(scope["bn2"], hidden, Norm);
        _fc3 = new Linear(scope["fc3"], hidden, outs, Initializer.FanIn(hidden), Initializer.Zero);
    }

    /// <summary>Projects with the statistics of the batch, which the running ones follow: nobody asks it for anything but training.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="features">[B, ins], at least two rows.</param>
    /// <returns>[B, outs].</returns>
    public Tensor Forward(Tape tape, Tensor features)
    {
        var x = Activated(tape, _bn1, _fc1.Forward(tape, features));
        return _fc3.Forward(tape, Activated(tape, _bn2, _fc2.Forward(tape, x)));
    }

    private static Tensor Activated(Tape tape, BatchNorm norm, Tensor x) =>
        tape.Activate(norm.Forward(tape, x, isTraining: true), Activation.Gelu);
}
