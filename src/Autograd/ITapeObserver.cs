namespace DPT.Engine.Autograd;

/// <summary>
/// Hears which operators run on a tape, in their order, from <see cref="Tape.Observer"/>: for who writes a network down in a form of
/// another tool. A network is described once, by the code that runs it.
/// </summary>
/// <remarks>
/// Operators of one's own that are made with <see cref="Tape.Record(Tensor, ReadOnlySpan{ValueTuple{Tensor, Func{Tensor, Tensor, Tensor}}})"/>
/// tell nothing: their results come from nowhere.
/// </remarks>
public interface ITapeObserver
{
    /// <summary>An operator has run.</summary>
    void Ran(TracedOperator run);
}

/// <summary>What an operator has computed, of what. The names and shapes are those of its method.</summary>
/// <param name="Output">The result.</param>
public abstract record TracedOperator(Tensor Output);
