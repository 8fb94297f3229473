using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>
/// One job per group of heads, as many as a vector has lanes: a lane is a head. Queries, keys and values are transposed
/// so that an element of all of them lies in one vector; from there on it is the algorithm of a scalar processor. Nothing
/// is padded to whole vectors and no sum runs across lanes, for which short sequences pay dearly. Limits: L up to 40, and
/// scratch memory of 3 L d + L L vectors per thread in the second-level cache.
/// </summary>
internal sealed unsafe class AttentionForwardHostV3Lanes : HostVariant<AttentionForwardCall>
{
    public override string Name => "host-v3-lanes";

    public override string Idea => "short sequences, a head in each lane of a vector: no padding, no sums across lanes";

    public override bool Supports(
        in AttentionForwardCall call, Device device, [NotNullWhen(false)] out string? reason)
    {
        var elements = (long)call.Tokens * ((3 * call.HeadSize) + call.Tokens);
        return AttentionLanes.Supports(device, call.Tokens, elements, out reason);
    }

    protected override void Run<V>(HostDevice device, in AttentionForwardCall call)
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
        public readonly LaneMatrix<V> Scores;
        public readonly LaneMatrix<V> LogSumExp;

        public Parts(float* start, int tokens, int size)
        {
            Offsets = start;
            Queries = new(Offsets + HeadLanes<V>.Floats, tokens, size);
            Keys = new(Queries.End, tokens, size);
            Values = new(Keys.End, tokens, size);
            Scores = new(Values.End, tokens, tokens);
            LogSumExp = new(Scores.End, 1, tokens);
        }

        public static long Floats(int tokens, int size) => new Parts<V>(null, tokens, size).LogSumExp.End - (float*)null;
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public AttentionForwardCall Call;
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
            LanesProduct.Multiply(parts.Queries, parts.Keys, parts.Scores);
            Softmax(in parts);

            // The queries have done their part: their place takes the output.
            var output = parts.Queries;
            LanesProduct.Multiply(parts.Scores, parts.Values.Transposed, output);
            heads.StorePlain(output, (float*)Call.Output.Address);
            if (!Call.LogSumExp.IsEmpty)
            {
                heads.StoreRow(parts.LogSumExp, (float*)Call.LogSumExp.Address);
            }
        }

        private readonly void Softmax(in Parts<V> parts)
        {
            var scale = V.Broadcast(1 / MathF.Sqrt(Call.HeadSize));
            for (var row = 0; row < Call.Tokens; row++)
            {
                var logSumExp = LaneScores.Softmax(parts.Scores.Row(row), Call.Tokens, scale);
                V.Store(parts.LogSumExp.At(0, row), logSumExp);
            }
        }
    }
}
