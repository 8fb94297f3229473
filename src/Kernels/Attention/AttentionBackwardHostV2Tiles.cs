using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>
/// One job per sequence and head. For a block of query rows: S = Q K^T and dP = dO V^T, from them P and dS in the
/// cache, then dQ = dS K at once, dK += dS^T Q and dV += P^T dO. All five products run on register tiles over packed
/// panels. Whole rows of scores are there, so the output is not read. Limits: L up to 16384. Scratch: about 5 L d floats per thread.
/// </summary>
internal sealed unsafe class AttentionBackwardHostV2Tiles : HostVariant<AttentionBackwardCall>
{
    public override string Name => "host-v2-tiles";

    public override string Idea => "a head at a time, scores recomputed in cache by blocks, five register-tiled products";

    public override bool Supports(
        in AttentionBackwardCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        AttentionTiling.Supports(call.Tokens, out reason);

    protected override void Run<V>(HostDevice device, in AttentionBackwardCall call)
    {
        var tiling = new AttentionTiling<V>(call.Tokens, call.HeadSize);
        using var scratch = new HostWorkspace(device, Parts<V>.Floats(in tiling));
        var job = new Job<V> { Call = call, Tiling = tiling, Scratch = scratch };
        device.Workers.For(checked(call.Batch * call.Heads), ref job);
    }

    /// <summary>The scratch memory of one thread, cut into its parts.</summary>
    private readonly ref struct Parts<V> where V : struct, ISimd<V>
    {
        public readonly float* KeysTransposed;
        public readonly float* ValuesTransposed;
        public readonly float* Keys;
        public readonly float* Queries;
        public readonly float* OutputGradients;
        public readonly float* Scores;
        public readonly float* ScoreGradients;
        public readonly float* QueryGradients;
        public readonly float* KeyGradients;
        public readonly float* ValueGradients;
        public readonly float* Largest;
        public readonly float* Sums;
        public readonly float* Means;
        public readonly float* Pad;

        public Parts(float* start, in AttentionTiling<V> tiling)
        {
            KeysTransposed = start;
            ValuesTransposed = KeysTransposed + tiling.TransposedPanels;
            Keys = ValuesTransposed + tiling.TransposedPanels;
            Queries = Keys + tiling.Panels(tiling.Tokens);
            OutputGradients = Queries + tiling.Panels(tiling.BlockRows);
            Scores = OutputGradients + tiling.Panels(tiling.BlockRows);
            ScoreGradients = Scores + tiling.Scores;
            QueryGradients = ScoreGradients + tiling.Scores;
            KeyGradients = QueryGradients + tiling.Rows(tiling.BlockRows);
            ValueGradients = KeyGradients + tiling.Rows(tiling.Tokens);
            Largest = ValueGradients + tiling.Rows(tiling.Tokens);
            Sums = Largest + tiling.BlockRows;
            Means = Sums + tiling.BlockRows;
            Pad = Means + tiling.BlockRows;
        }

        public static long Floats(in AttentionTiling<V> tiling) =>
            new Parts<V>(null, in tiling).Pad - (float*)null + V.Count;
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public AttentionBackwardCall Call;
        public AttentionTiling<V> Tiling;
        public HostWorkspace Scratch;

        private readonly float Scale => 1 / MathF.Sqrt(Tiling.Size);

        public readonly void Execute(int index)
        {
            var (tokens, size) = (Tiling.Tokens, Tiling.Size);
            var head = new AttentionHead(index, Call.Dims);
            var parts = new Parts<V>(Scratch.Mine, in Tiling);
            var stride = head.PackedWidth;
            var qkv = (float*)Call.Qkv.Address;
            AttentionPacking.Transposed<V>(head.Key(qkv), stride, tokens, size, parts.KeysTransposed);
            AttentionPacking.Transposed<V>(head.Value(qkv), stride, tokens, size, parts.ValuesTransposed);
            AttentionPacking.Columns<V>(head.Key(qkv), stride, tokens, size, parts.Keys);
            AttentionScores.FillPad<V>(tokens, parts.Pad);

            for (var first = 0; first < tokens; first += Tiling.BlockRows)
            {
                Block(in head, in parts, first, Math.Min(Tiling.BlockRows, tokens - first));
            }

            var gradient = (float*)Call.QkvGradient.Address;
            AttentionPacking.Rows<V>(
                parts.KeyGradients, Tiling.SizeStride, head.Key(gradient), stride, tokens, size, Scale);
            AttentionPacking.Rows<V>(
                parts.ValueGradients, Tiling.SizeStride, head.Value(gradient), stride, tokens, size, 1);
        }

        private readonly void Block(in AttentionHead head, in Parts<V> parts, int first, int rows)
        {
            var (tokens, size) = (Tiling.Tokens, Tiling.Size);
            var (stride, scoreStride) = (head.PackedWidth, Tiling.ScoreStride);
            var query = head.Query((float*)Call.Qkv.Address) + ((nint)first * stride);
            var dOutput = head.Output((float*)Call.OutputGradient.Address) + ((nint)first * head.Width);
            PanelProduct.Multiply<V>(
                rows, size, new(query, stride, 1), parts.KeysTransposed, Scores(parts.Scores));
            PanelProduct.Multiply<V>(
                rows, size, new(dOutput, head.Width, 1), parts.ValuesTransposed, Scores(parts.ScoreGradients));
            Gradients(in parts, rows);

            PanelProduct.Multiply<V>(
                rows, tokens, new(parts.ScoreGradients, scoreStride, 1), parts.Keys, Rows(parts.QueryGradients));
            var dQuery = head.Query((float*)Call.QkvGradient.Address) + ((nint)first * stride);
            AttentionPacking.Rows<V>(parts.QueryGradients, Tiling.SizeStride, dQuery, stride, rows, size, Scale);

            AttentionPacking.Columns<V>(query, stride, rows, size, parts.Queries);
            AttentionPacking.Columns<V>(dOutput, head.Width, rows, size, parts.OutputGradients);
            PanelProduct.Multiply<V>(
                tokens, rows, new(parts.ScoreGradients, 1, scoreStride), parts.Queries, Rows(parts.KeyGradients),
                accumulate: first > 0);
            PanelProduct.Multiply<V>(
                tokens, rows, new(parts.Scores, 1, scoreStride), parts.OutputGradients, Rows(parts.ValueGradients),
                accumulate: first > 0);
        }

        private readonly ProductRows Scores(float* data) => new(data, Tiling.ScoreStride, Tiling.TokenVectors);

        private readonly ProductRows Rows(float* data) => new(data, Tiling.SizeStride, Tiling.SizeVectors);

        private readonly void Gradients(in Parts<V> parts, int rows)
        {
            var (stride, vectors) = ((nint)Tiling.ScoreStride, Tiling.TokenVectors);
            AttentionScores.Exponentials(
                parts.Scores, stride, rows, vectors, V.Load(parts.Pad), Scale, parts.Largest, parts.Sums);
            for (var row = 0; row < rows; row++)
            {
                var at = row * stride;
                parts.Means[row] =
                    AttentionScores.Weighted<V>(parts.Scores + at, parts.ScoreGradients + at, vectors) / parts.Sums[row];
            }

            for (var row = 0; row < rows; row++)
            {
                var at = row * stride;
                AttentionScores.Gradients<V>(
                    parts.Scores + at, parts.ScoreGradients + at, vectors, parts.Sums[row], parts.Means[row]);
            }
        }
    }
}
