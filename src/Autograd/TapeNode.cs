namespace DPT.Engine.Autograd;

/// <summary>What an operator leaves on the tape: its output, what it saved, and the rule for its gradient.</summary>
/// <param name="output">The operator's result.</param>
internal abstract class TapeNode(Tensor output)
{
    /// <summary>The operator's result; its gradient is complete when <see cref="Backward"/> is called.</summary>
    public Tensor Output { get; } = output;

    /// <summary>Whether there is anything to pass back.</summary>
    public virtual bool HasGradient => Output.HasGradient;

    /// <summary>Adds to the gradients of those inputs that need one.</summary>
    public abstract void Backward(Tape tape);

    /// <summary>Frees the output and whatever the node saved.</summary>
    public virtual void Release() => Output.Release();
}
