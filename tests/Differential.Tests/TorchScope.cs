using System.Runtime;
using TorchSharp;

namespace Differential.Tests;

/// <summary>
/// Where PyTorch computes: its tensors go at the end, and until then no collection runs. TorchSharp makes numbers into native
/// scalars that nobody holds, so a collection during a call, asked for by any thread, frees what PyTorch is reading.
/// </summary>
internal sealed class TorchScope : IDisposable
{
    /// <summary>What may be allocated until the end; a call of the tests takes some MiB.</summary>
    private const long Bytes = 32L << 20;

    private readonly DisposeScope _tensors = torch.NewDisposeScope();

    public TorchScope() => GC.TryStartNoGCRegion(Bytes);

    public void Dispose()
    {
        // Whoever allocated more has ended it already.
        if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion)
        {
            GC.EndNoGCRegion();
        }

        _tensors.Dispose();
    }
}
