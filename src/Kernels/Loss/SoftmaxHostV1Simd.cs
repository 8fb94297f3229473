namespace DPT.Engine.Kernels;

/// <summary>
/// Maximum, powers with their sum, and division, row by row. Limits: none. Bytes: 8 Rows Classes. FLOPs: 5 Rows
/// Classes, an exponential counted as one.
/// </summary>
internal sealed unsafe class SoftmaxHostV1Simd : HostVariant<SoftmaxCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "a row at a time from the first-level cache, vectors across the classes";

    protected override void Run<V>(HostDevice device, in SoftmaxCall call)
    {
        var rowsPerChunk = SoftmaxRow.RowsPerChunk(call.Classes);
        var job = new Job<V>
        {
            Rows = call.Rows,
            Classes = call.Classes,
            RowsPerChunk = rowsPerChunk,
            Logits = (float*)call.Logits.Address,
            Probabilities = (float*)call.Probabilities.Address,
        };
        device.Workers.For((int)(((long)call.Rows + rowsPerChunk - 1) / rowsPerChunk), ref job);
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public int Rows;
        public int Classes;
        public int RowsPerChunk;
        public float* Logits;
        public float* Probabilities;

        public readonly void Execute(int index)
        {
            var start = (long)index * RowsPerChunk;
            var end = Math.Min(Rows, start + RowsPerChunk);
            for (var row = start; row < end; row++)
            {
                var logits = Logits + (row * Classes);
                var result = Probabilities + (row * Classes);
                var maximum = SoftmaxRow.Maximum<V>(logits, Classes);
                var sum = SoftmaxRow.SumOfPowers<V>(logits, Classes, maximum, result);
                SoftmaxRow.Scale<V>(result, Classes, 1 / sum);
            }
        }
    }
}
