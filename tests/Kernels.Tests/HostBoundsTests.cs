using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// Kernels that run over the end of an operand into its neighbour in the same buffer, which no guard band notices: a Debug build
/// says where, a Release build has no checks.
/// </summary>
public sealed class HostBoundsTests
{
    private const int Count = 100;

#if DEBUG
    private const bool AreChecked = true;
#else
    private const bool AreChecked = false;
#endif

    public static IEnumerable<TestCaseData> Faults() =>
        from width in Enum.GetValues<SimdWidth>()
        from threads in new[] { 1, 3 }
        from fault in Enum.GetValues<Fault>()
        select new TestCaseData(width, threads, fault);

    [TestCaseSource(nameof(Faults))]
    public void Launch_ThatLeavesAnOperand_IsAnErrorInDebugBuilds(SimdWidth width, int threads, Fault fault)
    {
        using var device = new HostDevice(threads, width, new KernelSelection());
        using var buffer = device.Upload<float>(new float[5 * Count]);
        var call = new AxpbyCall
        {
            Count = Count, Alpha = 1, Beta = 0, X = buffer.Slice.Range(Count, Count), Y = buffer.Slice.Range(3 * Count, Count),
        };
        void Launch() => new Faulty(fault).Launch(device, in call);
        if (fault == Fault.None || !AreChecked)
        {
            Assert.That(Launch, Throws.Nothing);
            return;
        }

        var (operand, size) = fault is Fault.ScratchTooFar ? ("scratch memory", 64 * 4) : (fault is Fault.LoadTooFar or Fault.LoadTooSoon ? "X" : "Y", Count * 4);
        Assert.That(Launch, Throws.Exception.With.Message.Contains("faulty touches").And.Message.Contains($"of {operand}, which has {size}"));
        Assert.That(() => new Faulty(Fault.None).Launch(device, in call), Throws.Nothing, "what the failed launch had is forgotten");
    }

    /// <summary>What a kernel does wrong.</summary>
    public enum Fault
    {
        None,
        LoadTooFar,
        LoadTooSoon,
        StoreTooFar,
        TailTooFar,
        ScratchTooFar,
    }

    private sealed unsafe class Faulty(Fault fault) : HostVariant<AxpbyCall>
    {
        public override string Name => "faulty";

        public override string Idea => "";

        protected override void Run<V>(HostDevice device, in AxpbyCall call)
        {
            using var scratch = device.Scratch<float>(64);
            var job = new Job<V>
            {
                Fault = fault, X = (float*)call.X.Address, Y = (float*)call.Y.Address, Scratch = (float*)scratch.Slice.Address,
            };
            device.Workers.For(8, ref job);
        }

        private struct Job<V> : IParallelJob where V : struct, ISimd<V>
        {
            public Fault Fault;
            public float* X;
            public float* Y;
            public float* Scratch;

            public readonly void Execute(int index)
            {
                var onStack = stackalloc float[V.Count];
                V.Store(onStack, V.Load(X + Count - V.Count));
                V.Store(Y, V.Load(onStack));
                if (index != 6)
                {
                    return;
                }

                switch (Fault)
                {
                    case Fault.LoadTooFar:
                        V.Load(X + Count - V.Count + 1);
                        break;
                    case Fault.LoadTooSoon:
                        V.Load(X - 1);
                        break;
                    case Fault.StoreTooFar:
                        V.Store(Y + Count, V.Zero);
                        break;
                    case Fault.TailTooFar:
                        // A vector of one float has no tails: there the loop that hands them out is what goes wrong.
                        if (V.Count == 1)
                        {
                            V.Store(Y + Count, V.Zero);
                        }
                        else
                        {
                            V.StoreFirst(Y + Count - 1, V.Zero, 2);
                        }

                        break;
                    case Fault.ScratchTooFar:
                        V.Store(Scratch + 65 - V.Count, V.Zero);
                        break;
                }
            }
        }
    }
}
