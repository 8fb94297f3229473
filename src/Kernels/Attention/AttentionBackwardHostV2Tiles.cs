using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>
/// One job per sequence and head. For a block of query rows: S = Q K^T and dP = dO V^T, from them P and dS in the
/// cache, then dQ = dS K at once, dK += dS^T Q and dV += P^T dO. All five products run on register tiles over packed
/// panels. Limits: L up to 16384. Scratch: about 5 L d floats per thread.
/// </summary>
internal sealed unsafe class AttentionBackwardHostV2Tiles : HostVariant<AttentionBackwardCall>
{
    // Scores and their gradients are two such blocks.
    private const int ScoreFloats = 4096;

    public override string Name => "host-v2-tiles";

    public override string Idea => "a head at a time, blocks of scores recomputed in cache, five register-tiled products";

    public override bool Supports(
        in AttentionBackwardCall call, Device device, [NotNullWhen(false)] out string? reason)
    {
        const int Most = AttentionTiling<SimdScalar>.MostTokens;
        reason = call.Tokens <= Most ? null : $"L is {call.Tokens}, the scratch memory is made for {Most} at most";
        return reason is null;
    }

    protected override void Run<V>(HostDevice device, in AttentionBackwardCall call)
    {
        var tiling = new AttentionTiling<V>(call.Tokens, call.HeadSize, ScoreFloats);
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
            Pad = ValueGradients + tiling.Rows(tiling.Tokens);
        }

        public static long Floats(in AttentionTiling<V> tiling) =>
            new Parts<V>(null, in tiling).Pad - (float*)null + V.Count;
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public AttentionBackwardCall Call;
        public AttentionTiling<V> Tiling;
        public HostWorkspace Scratch;

        public readonly void Execute(int index)
        {
            var (tokens, size) = (Tiling.Tokens, Tiling.Size);
            var head = new AttentionHead(index, tokens, Call.Heads, size);
            var parts = new Parts<V>(Scratch.Mine, in Tiling);
            var scale = 1 / MathF.Sqrt(size);
            var stride = head.PackedWidth;
            var qkv = (float*)Call.Qkv.Address;
            AttentionPacking.Transposed<V>(head.Key(qkv), stride, tokens, size, scale, parts.KeysTransposed);
            AttentionPacking.Transposed<V>(head.Value(qkv), stride, tokens, size, 1, parts.ValuesTransposed);
            AttentionPacking.Columns<V>(head.Key(qkv), stride, tokens, size, scale, parts.Keys);
            AttentionScores.FillPad<V>(tokens, parts.Pad);

            for (var first = 0; first < tokens; first += Tiling.BlockRows)
            {
                Block(in head, in parts, first, Math.Min(Tiling.BlockRows, tokens - first));
            }

            var gradient = (float*)Call.QkvGradient.Address;
            AttentionPacking.Rows<V>(
                parts.KeyGradients, Tiling.SizeStride, head.Key(gradient), stride, tokens, size, scale);
            AttentionPacking.Rows<V>(
                parts.ValueGradients, Tiling.SizeStride, head.Value(gradient), stride, tokens, size, 1);
        }

        private readonly void Block(in AttentionHead head, in Parts<V> parts, int first, int rows)
        {
            var (tokens, size) = (Tiling.Tokens, Tiling.Size);
            var (tokenVectors, sizeVectors) = (Tiling.TokenVectors, Tiling.SizeVectors);
            var (scoreStride, sizeStride) = (Tiling.ScoreStride, Tiling.SizeStride);
            var stride = head.PackedWidth;
            var query = head.Query((float*)Call.Qkv.Address) + ((nint)first * stride);
            var dOutput = head.Output((float*)Call.OutputGradient.Address) + ((nint)first * head.Width);
            AttentionPacking.Columns<V>(query, stride, rows, size, 1, parts.Queries);
            AttentionPacking.Columns<V>(dOutput, head.Width, rows, size, 1, parts.OutputGradients);

            PanelProduct.Multiply<V>(
                rows, size, query, stride, 1, parts.KeysTransposed, tokenVectors, parts.Scores, scoreStride,
                accumulate: false);
            PanelProduct.Multiply<V>(
                rows, size, dOutput, head.Width, 1, parts.ValuesTransposed, tokenVectors, parts.ScoreGradients, scoreStride,
                accumulate: false);
            Gradients(in head, in parts, first, rows);

            PanelProduct.Multiply<V>(
                rows, tokens, parts.ScoreGradients, scoreStride, 1, parts.Keys, sizeVectors, parts.QueryGradients, sizeStride,
                accumulate: false);
            PanelProduct.Multiply<V>(
                tokens, rows, parts.ScoreGradients, 1, scoreStride, parts.Queries, sizeVectors, parts.KeyGradients, sizeStride,
                accumulate: first > 0);
            PanelProduct.Multiply<V>(
                tokens, rows, parts.Scores, 1, scoreStride, parts.OutputGradients, sizeVectors, parts.ValueGradients,
                sizeStride, accumulate: first > 0);
            AttentionPacking.Rows<V>(
                parts.QueryGradients, sizeStride,
                head.Query((float*)Call.QkvGradient.Address) + ((nint)first * stride), stride, rows, size, 1);
        }

        private readonly void Gradients(in AttentionHead head, in Parts<V> parts, int first, int rows)
        {
            var at = (nint)first * head.Width;
            var output = head.Output((float*)Call.Output.Address) + at;
            var dOutput = head.Output((float*)Call.OutputGradient.Address) + at;
            var logSumExp = head.LogSumExp((float*)Call.LogSumExp.Address) + first;
            var pad = V.Load(parts.Pad);
            for (var row = 0; row < rows; row++, output += head.Width, dOutput += head.Width)
            {
                var scores = (nint)row * Tiling.ScoreStride;
                AttentionScores.Gradients(
                    parts.Scores + scores, parts.ScoreGradients + scores, Tiling.TokenVectors, pad, logSumExp[row],
                    Dot(output, dOutput, Tiling.Size));
            }
        }

        private static float Dot(float* x, float* y, int size)
        {
            var sum = V.Zero;
            var c = 0;
            for (; c <= size - V.Count; c += V.Count)
            {
                sum = V.Fma(V.Load(x + c), V.Load(y + c), sum);
            }

            if (c < size)
            {
                sum = V.Fma(V.LoadFirst(x + c, size - c), V.LoadFirst(y + c, size - c), sum);
            }

            return V.Sum(sum);
        }
    }
}
