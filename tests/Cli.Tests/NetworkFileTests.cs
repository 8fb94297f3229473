using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Cli.Tests;

/// <summary>What tests of networks with weights of other tools share: a tiny U-ViT in a file, and what it takes in others.</summary>
public abstract class NetworkFileTests
{
    private protected TemporaryFolder Folder { get; private set; } = null!;

    [SetUp]
    public void MakeNetwork()
    {
        Folder = new TemporaryFolder();
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        _ = new UVit(store, new UVitConfig(8, 4, 1, 8, 2, 2, NumClasses: 3, Convolution: true));
        store.Initialize(1);
        StateDict.Save(Folder.File("uvit.safetensors"), store.Export(store.Values));
        NpyFile.Write(Folder.File("x.npy"), new NpyArray<float>([2, 1, 8, 8], [.. Enumerable.Range(0, 128).Select(i => i / 64f)]));
        NpyFile.Write(Folder.File("t.npy"), new NpyArray<float>([2], [3, 500]));
        NpyFile.Write(Folder.File("y.npy"), new NpyArray<long>([2], [0, 2]));
    }

    [TearDown]
    public void RemoveNetwork() => Folder.Dispose();
}
