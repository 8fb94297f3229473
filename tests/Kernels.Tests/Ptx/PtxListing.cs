using System.Security.Cryptography;
using System.Text;
using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>The child of <see cref="PtxOrderTests"/>: compiles kernels in the order given, and prints a hash of each one's PTX.</summary>
internal static class PtxListing
{
    public static int Run(IEnumerable<string> kernels)
    {
        foreach (var id in kernels)
        {
            var kernel = GpuKernels.All.Single(k => k.Id == id);
            var text = PtxPipeline.Build(kernel, kernel.MinArchitecture).ToString();
            Console.WriteLine($"{id} {Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}");
        }

        return 0;
    }
}
