namespace DPT.Engine.Kernels;

/// <summary>
/// One element of C after another, each a plain sum in ascending order: slow, and short enough to be seen to be right.
/// Limits: none. Parallel over rows of C.
/// </summary>
internal sealed unsafe class MatMulHostV1Naive : HostVariant<MatMulCall>
{
    public override string Name => "host-v1-naive";

    public override string Idea => "three loops, one scalar sum per element of C";

    protected override void Run<V>(HostDevice device, in MatMulCall call)
    {
        for (var i = 0; i < call.Count; i++)
        {
            Multiply<V>(device, call.Product(i));
        }
    }

    private static void Multiply<V>(HostDevice device, in MatMulCall call) where V : struct, ISimd<V>
    {
        var job = new Job<V>
        {
            N = call.N,
            K = call.K,
            A = (float*)call.A.Address,
            B = (float*)call.B.Address,
            RowOfA = call.TransposeA ? 1 : call.RowA,
            TermOfA = call.TransposeA ? call.RowA : 1,
            ColumnOfB = call.TransposeB ? call.RowB : 1,
            TermOfB = call.TransposeB ? 1 : call.RowB,
            Epilogue = new MatMulEpilogue(in call),
        };
        device.Workers.For(call.M, ref job);
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public int N;
        public int K;
        public float* A;
        public float* B;
        public nint RowOfA;
        public nint TermOfA;
        public nint ColumnOfB;
        public nint TermOfB;
        public MatMulEpilogue Epilogue;

        public readonly void Execute(int index)
        {
            var sums = stackalloc float[V.Count];
            for (var column = 0; column < N; column += V.Count)
            {
                var columns = Math.Min(V.Count, N - column);
                for (var j = 0; j < columns; j++)
                {
                    sums[j] = Sum(A + (index * RowOfA), B + ((column + j) * ColumnOfB));
                }

                Epilogue.Finish<V>(sums, V.Count, index, 1, column, columns);
            }
        }

        private readonly float Sum(float* a, float* b)
        {
            var sum = 0f;
            for (nint k = 0; k < K; k++)
            {
                HostBounds.Check(a + (k * TermOfA), 1);
                HostBounds.Check(b + (k * TermOfB), 1);
                sum += a[k * TermOfA] * b[k * TermOfB];
            }

            return sum;
        }
    }
}
