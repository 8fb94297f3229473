using DPT.Engine.TestSupport;
using static TorchSharp.torch;

namespace Differential.Tests;

/// <summary>Loads libtorch once for all tests here, or skips them with the reason where there is none.</summary>
[SetUpFixture]
public sealed class TorchSetUp
{
    [OneTimeSetUp]
    public void LoadTorch()
    {
        try
        {
            TorchNative.Load();
        }
        catch (PlatformNotSupportedException unsupported)
        {
            Assert.Ignore(unsupported.Message);
        }

        // One thread: libtorch cuts its sums by thread, and its errors are our yardstick.
        set_num_threads(1);
    }
}
