using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// An algorithm whose steps have a second pass of the network, through images that it makes of those of the first one. Its part is captured
/// work like the rest of a step; what is another in every step is drawn before.
/// </summary>
public interface ITwoPassAlgorithm : ISemiSupervised
{
    /// <summary>Draws what a step needs, and copies it to the device. It runs before the step's captured work, and not as a part of it.</summary>
    /// <param name="step">The step, counted from 0: what is drawn depends on it and on <see cref="UnlabelledImages.Seed"/> alone.</param>
    void Draw(int step);

    /// <summary>Passes images of its own through the network and adds the loss of their scores, once the first pass has its gradients.</summary>
    /// <param name="tape">The tape of the step, empty again.</param>
    /// <param name="views">Weak views of the labelled images, strong views of the unlabelled, [rows,C,S,S].</param>
    /// <param name="labels">Class of each row, for unlabelled images the one chosen in <see cref="ISemiSupervised.Select"/>, [rows].</param>
    /// <param name="network">The network as it learns: scores, [B,classes], of images, [B,C,S,S].</param>
    void PassAgain(Tape tape, Tensor views, Slice<int> labels, Func<Tensor, Tensor> network);
}
