using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>
/// One job per sequence and head. Keys (transposed) and values are packed into panels once; a block of query rows is
/// multiplied into scores that stay in the cache, becomes probabilities there, and is multiplied with the values. The
/// division by the sum is left to the output. Limits: L up to 16384. Scratch: about 2 L d floats per thread.
/// </summary>
internal sealed unsafe class AttentionForwardHostV2Tiles : HostVariant<AttentionForwardCall>
{
    // 32 KiB of scores beside panels that are in use: the second-level cache never sees most of them.
    private const int ScoreFloats = 8192;

    public override string Name => "host-v2-tiles";

    public override string Idea => "a head at a time, register tiles over packed keys and values, scores in cache";

    public override bool Supports(
        in AttentionForwardCall call, Device device, [NotNullWhen(false)] out string? reason)
    {
        const int Most = AttentionTiling<SimdScalar>.MostTokens;
        reason = call.Tokens <= Most ? null : $"L is {call.Tokens}, the scratch memory is made for {Most} at most";
        return reason is null;
    }

    protected override void Run<V>(HostDevice device, in AttentionForwardCall call)
    {
        var tiling = new AttentionTiling<V>(call.Tokens, call.HeadSize, ScoreFloats);
        using var scratch = new HostWorkspace(device, Parts<V>.Floats(in tiling));
        var job = new Job<V> { Call = call, Tiling = tiling, Scratch = scratch };
        device.Workers.For(checked(call.Batch * call.Heads), ref job);
    }

    /// <summary>The scratch memory of one thread, cut into its parts.</summary>
    private readonly ref struct Parts<V> where V : struct, ISimd<V>
    {
        public readonly float* Keys;
        public readonly float* Values;
        public readonly float* Scores;
        public readonly float* Sums;
        public readonly float* Inverses;
        public readonly float* Pad;

        public Parts(float* start, in AttentionTiling<V> tiling)
        {
            Keys = start;
            Values = Keys + tiling.TransposedPanels;
            Scores = Values + tiling.Panels(tiling.Tokens);
            Sums = Scores + tiling.Scores;
            Inverses = Sums + tiling.Rows(tiling.BlockRows);
            Pad = Inverses + tiling.BlockRows;
        }

        public static long Floats(in AttentionTiling<V> tiling) =>
            new Parts<V>(null, in tiling).Pad - (float*)null + V.Count;
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public AttentionForwardCall Call;
        public AttentionTiling<V> Tiling;
        public HostWorkspace Scratch;

        public readonly void Execute(int index)
        {
            var (tokens, size) = (Tiling.Tokens, Tiling.Size);
            var head = new AttentionHead(index, tokens, Call.Heads, size);
            var parts = new Parts<V>(Scratch.Mine, in Tiling);
            var qkv = (float*)Call.Qkv.Address;
            AttentionPacking.Transposed<V>(
                head.Key(qkv), head.PackedWidth, tokens, size, 1 / MathF.Sqrt(size), parts.Keys);
            AttentionPacking.Columns<V>(head.Value(qkv), head.PackedWidth, tokens, size, 1, parts.Values);
            AttentionScores.FillPad<V>(tokens, parts.Pad);
            for (var first = 0; first < tokens; first += Tiling.BlockRows)
            {
                Block(in head, in parts, first, Math.Min(Tiling.BlockRows, tokens - first));
            }
        }

        private readonly void Block(in AttentionHead head, in Parts<V> parts, int first, int rows)
        {
            var (scoreStride, sizeStride) = (Tiling.ScoreStride, Tiling.SizeStride);
            var query = head.Query((float*)Call.Qkv.Address) + ((nint)first * head.PackedWidth);
            PanelProduct.Multiply<V>(
                rows, Tiling.Size, query, head.PackedWidth, 1, parts.Keys, Tiling.TokenVectors, parts.Scores, scoreStride,
                accumulate: false);
            Softmax(rows, in parts, LogSumExp(head, first));
            PanelProduct.Multiply<V>(
                rows, Tiling.Tokens, parts.Scores, scoreStride, 1, parts.Values, Tiling.SizeVectors, parts.Sums, sizeStride,
                accumulate: false);

            var output = head.Output((float*)Call.Output.Address) + ((nint)first * head.Width);
            for (var row = 0; row < rows; row++, output += head.Width)
            {
                AttentionPacking.Row(
                    parts.Sums + (row * sizeStride), output, Tiling.Size, V.Broadcast(parts.Inverses[row]));
            }
        }

        private readonly float* LogSumExp(AttentionHead head, int first) =>
            Call.LogSumExp.IsEmpty ? null : head.LogSumExp((float*)Call.LogSumExp.Address) + first;

        private readonly void Softmax(int rows, in Parts<V> parts, float* logSumExp)
        {
            var pad = V.Load(parts.Pad);
            for (var row = 0; row < rows; row++)
            {
                var scores = parts.Scores + ((nint)row * Tiling.ScoreStride);
                var (most, sum) = AttentionScores.Exponentials(scores, Tiling.TokenVectors, pad);
                parts.Inverses[row] = 1 / sum;
                if (logSumExp != null)
                {
                    logSumExp[row] = most + MathF.Log(sum);
                }
            }
        }
    }
}
