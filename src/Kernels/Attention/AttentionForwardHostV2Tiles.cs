using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>
/// One job per sequence and head. Keys (transposed) and values are packed into panels once; a block of query rows is
/// multiplied into scores that stay in the cache, becomes probabilities there, and is multiplied with the values. The
/// division by the sum is left to the output. Limits: L up to 16384. Scratch: about 2 L d floats per thread.
/// </summary>
internal sealed unsafe class AttentionForwardHostV2Tiles : HostVariant<AttentionForwardCall>
{
    public override string Name => "host-v2-tiles";

    public override string Idea => "a head at a time, register tiles over packed keys and values, scores in cache";

    public override bool Supports(
        in AttentionForwardCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        AttentionTiling.Supports(call.Tokens, out reason);

    protected override void Run<V>(HostDevice device, in AttentionForwardCall call)
    {
        var tiling = new AttentionTiling<V>(call.Tokens, call.HeadSize);
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
        public readonly float* Products;
        public readonly float* Largest;
        public readonly float* Sums;
        public readonly float* Pad;

        public Parts(float* start, in AttentionTiling<V> tiling)
        {
            Keys = start;
            Values = Keys + tiling.TransposedPanels;
            Scores = Values + tiling.Panels(tiling.Tokens);
            Products = Scores + tiling.Scores;
            Largest = Products + tiling.Rows(tiling.BlockRows);
            Sums = Largest + tiling.BlockRows + V.Count;
            Pad = Sums + tiling.BlockRows + V.Count;
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
            var head = new AttentionHead(index, Call.Dims);
            var parts = new Parts<V>(Scratch.Mine, in Tiling);
            var qkv = (float*)Call.Qkv.Address;
            AttentionPacking.Transposed<V>(head.Key(qkv), head.PackedWidth, tokens, size, parts.Keys);
            AttentionPacking.Columns<V>(head.Value(qkv), head.PackedWidth, tokens, size, parts.Values);
            AttentionScores.FillPad<V>(tokens, parts.Pad);
            for (var first = 0; first < tokens; first += Tiling.BlockRows)
            {
                Block(in head, in parts, first, Math.Min(Tiling.BlockRows, tokens - first));
            }
        }

        private readonly void Block(in AttentionHead head, in Parts<V> parts, int first, int rows)
        {
            var query = head.Query((float*)Call.Qkv.Address) + ((nint)first * head.PackedWidth);
            PanelProduct.Multiply<V>(
                rows, Tiling.Size, new(query, head.PackedWidth, 1), parts.Keys,
                new(parts.Scores, Tiling.ScoreStride, Tiling.TokenVectors));
            Softmax(rows, in parts, LogSumExp(head, first));
            PanelProduct.Multiply<V>(
                rows, Tiling.Tokens, new(parts.Scores, Tiling.ScoreStride, 1), parts.Values,
                new(parts.Products, Tiling.SizeStride, Tiling.SizeVectors));

            var output = head.Output((float*)Call.Output.Address) + ((nint)first * head.Width);
            for (var row = 0; row < rows; row++, output += head.Width)
            {
                AttentionPacking.Row(
                    parts.Products + (row * Tiling.SizeStride), output, Tiling.Size, V.Broadcast(1 / parts.Sums[row]));
            }
        }

        private readonly float* LogSumExp(AttentionHead head, int first) =>
            Call.LogSumExp.IsEmpty ? null : head.LogSumExp((float*)Call.LogSumExp.Address) + first;

        private readonly void Softmax(int rows, in Parts<V> parts, float* logSumExp)
        {
            AttentionScores.Exponentials(
                parts.Scores, Tiling.ScoreStride, rows, Tiling.TokenVectors, V.Load(parts.Pad), 1 / MathF.Sqrt(Tiling.Size),
                parts.Largest, parts.Sums);
            if (logSumExp == null)
            {
                return;
            }

            for (var row = 0; row < rows; row += V.Count)
            {
                var result = V.Load(parts.Largest + row) + RealMath.Log(V.Load(parts.Sums + row));
                if (rows - row >= V.Count)
                {
                    V.Store(logSumExp + row, result);
                }
                else
                {
                    V.StoreFirst(logSumExp + row, result, rows - row);
                }
            }
        }
    }
}
