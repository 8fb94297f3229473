using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>
/// One job per group of heads, a head in each lane, as in <see cref="AttentionForwardHostV3Lanes"/>: S = Q K^T and
/// dP = dO V^T, from them P and dS in place, then dV = P^T dO, dK = dS^T Q and dQ = dS K. A row's largest logit, sum and mean
/// of dP are taken where its scores lie, so that the output is not read. Limits: those of the forward pass, with 4 L d + 2 L L vectors.
/// </summary>
internal sealed unsafe class AttentionBackwardHostV3Lanes : HostVariant<AttentionBackwardCall>
{
    public override string Name => "host-v3-lanes";

    public override string Idea => "short sequences, a head in each lane of a vector: no padding, no sums across lanes";

    public override bool Supports(
        in AttentionBackwardCall call, Device device, [NotNullWhen(false)] out string? reason)
    {
        var elements = (long)call.Tokens * ((4 * call.HeadSize) + (2 * call.Tokens));
        return AttentionLanes.Supports(device, call.Tokens, elements, out reason);
    }

    protected override void Run<V>(HostDevice device, in AttentionBackwardCall call)
    {
        using var scratch = new HostWorkspace(device, Parts<V>.Floats(call.Tokens, call.HeadSize));
        var job = new Job<V> { Call = call, Scratch = scratch };
        device.Workers.For(AttentionLanes.Groups<V>(call.Batch, call.Heads), ref job);
    }

    /// <summary>The scratch memory of one thread, cut into its parts.</summary>
    private readonly ref struct Parts<V> where V : struct, ISimd<V>
    {
        public readonly float* Offsets;
        public readonly LaneMatrix<V> Queries;
        public readonly LaneMatrix<V> Keys;
        public readonly LaneMatrix<V> Values;
        public readonly LaneMatrix<V> OutputGradients;
        public readonly LaneMatrix<V> Scores;
        public readonly LaneMatrix<V> ScoreGradients;

        public Parts(float* start, int tokens, int size)
        {
            Offsets = start;
            Queries = new(Offsets + HeadLanes<V>.Floats, tokens, size);
            Keys = new(Queries.End, tokens, size);
            Values = new(Keys.End, tokens, size);
            OutputGradients = new(Values.End, tokens, size);
            Scores = new(OutputGradients.End, tokens, tokens);
            ScoreGradients = new(Scores.End, tokens, tokens);
        }

        public static long Floats(int tokens, int size) => new Parts<V>(null, tokens, size).ScoreGradients.End - (float*)null;
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public AttentionBackwardCall Call;
        public HostWorkspace Scratch;

        public readonly void Execute(int index)
        {
            var (tokens, size) = (Call.Tokens, Call.HeadSize);
            var parts = new Parts<V>(Scratch.Mine, tokens, size);
            var heads = new HeadLanes<V>(parts.Offsets, index, Call.Dims);
            var qkv = (float*)Call.Qkv.Address;
            heads.LoadPacked(qkv, 0, parts.Queries);
            heads.LoadPacked(qkv, 1, parts.Keys);
            heads.LoadPacked(qkv, 2, parts.Values);
            heads.LoadPlain((float*)Call.OutputGradient.Address, parts.OutputGradients);
            LanesProduct.Multiply(parts.Queries, parts.Keys, parts.Scores);
            LanesProduct.Multiply(parts.OutputGradients, parts.Values, parts.ScoreGradients);
            ScoreGradients(in parts);
            Gradients(in parts, in heads);
        }

        private readonly void ScoreGradients(in Parts<V> parts)
        {
            var scale = V.Broadcast(1 / MathF.Sqrt(Call.HeadSize));
            for (var row = 0; row < Call.Tokens; row++)
            {
                LaneScores.Gradients(parts.Scores.Row(row), parts.ScoreGradients.Row(row), Call.Tokens, scale);
            }
        }

        /// <summary>Each result takes the place of an operand that has done its part.</summary>
        private readonly void Gradients(in Parts<V> parts, in HeadLanes<V> heads)
        {
            var (scores, scoreGradients) = (parts.Scores, parts.ScoreGradients);
            var (queries, keys, values, dOutput) = (parts.Queries, parts.Keys, parts.Values, parts.OutputGradients);
            var gradient = (float*)Call.QkvGradient.Address;
            LanesProduct.Multiply(scores.Transposed, dOutput.Transposed, values);
            heads.StorePacked(values, gradient, 2);
            LanesProduct.Multiply(scoreGradients.Transposed, queries.Transposed, dOutput);
            heads.StorePacked(dOutput, gradient, 1);
            LanesProduct.Multiply(scoreGradients, keys.Transposed, queries);
            heads.StorePacked(queries, gradient, 0);
        }
    }
}
