using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Which images are in the batch of a step. The answer depends on (seed, stream, step) alone, so a resumed run needs
/// no state but the number of its next step.
/// </summary>
public abstract class BatchSampler
{
    private BatchSampler(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        Count = count;
    }

    /// <summary>Number of images to choose from.</summary>
    public int Count { get; }

    /// <summary>Every image of every batch is drawn independently, as FreeMatch does it.</summary>
    /// <param name="count">Number of images to choose from.</param>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="stream">The purpose of the draw: samplers with different streams are independent.</param>
    public static BatchSampler WithReplacement(int count, ulong seed, uint stream) => new Independent(count, seed, stream);

    /// <summary>Each epoch is a new permutation of all images; a batch may reach from one epoch into the next.</summary>
    /// <param name="count">Number of images to choose from.</param>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="stream">The purpose of the draw: samplers with different streams are independent.</param>
    public static BatchSampler Shuffled(int count, ulong seed, uint stream) => new Epochs(count, seed, stream);

    /// <summary>So many images of every batch from one set, the others from a second that follows it: positions of both, in one count.</summary>
    /// <param name="first">Draws from the first set.</param>
    /// <param name="rows">Images of a batch that it draws; they come first.</param>
    /// <param name="second">Draws from the second set.</param>
    public static BatchSampler Joined(BatchSampler first, int rows, BatchSampler second) => new Pair(first, rows, second);

    /// <summary>The images of a step's batch. All steps of a run must ask for batches of one size.</summary>
    /// <param name="step">Number of the step, from 0.</param>
    /// <param name="indices">Result: positions in 0..<see cref="Count"/>-1.</param>
    public abstract void Draw(long step, Span<int> indices);

    private sealed class Independent(int count, ulong seed, uint stream) : BatchSampler(count)
    {
        public override void Draw(long step, Span<int> indices)
        {
            var random = new PhiloxStream(seed, stream, step);
            foreach (ref var index in indices)
            {
                index = random.NextInt(Count);
            }
        }
    }

    private sealed class Pair(BatchSampler first, int rows, BatchSampler second) : BatchSampler(first.Count + second.Count)
    {
        public override void Draw(long step, Span<int> indices)
        {
            first.Draw(step, indices[..rows]);
            second.Draw(step, indices[rows..]);
            foreach (ref var index in indices[rows..])
            {
                index += first.Count;
            }
        }
    }

    private sealed class Epochs(int count, ulong seed, uint stream) : BatchSampler(count)
    {
        private readonly int[] _order = new int[count];
        private long _epoch = -1;

        public override void Draw(long step, Span<int> indices)
        {
            var position = checked(step * indices.Length);
            foreach (ref var index in indices)
            {
                Shuffle(position / Count);
                index = _order[position++ % Count];
            }
        }

        private void Shuffle(long epoch)
        {
            if (epoch == _epoch)
            {
                return;
            }

            for (var i = 0; i < Count; i++)
            {
                _order[i] = i;
            }

            var random = new PhiloxStream(seed, stream, epoch);
            for (var i = Count - 1; i > 0; i--)
            {
                var j = random.NextInt(i + 1);
                (_order[i], _order[j]) = (_order[j], _order[i]);
            }

            _epoch = epoch;
        }
    }
}
