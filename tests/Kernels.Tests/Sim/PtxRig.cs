using System.Runtime.InteropServices;
using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Runs PTX written by hand: buffers by name become parameters of 16 bytes, address and length.</summary>
internal sealed class PtxRig(ulong seed = 1, int threads = 2, long watchedBytes = 1 << 17) : IDisposable
{
    private readonly List<(string Name, IDisposable Owner, LaunchBuffer Buffer)> _buffers = [];
    private readonly List<(string Name, PtxTensorMap Map)> _maps = [];

    public SimDevice Device { get; } = new(threads, seed, selection: new KernelSelection()) { WatchedBytes = watchedBytes };

    /// <summary>Adds a buffer with content.</summary>
    public Slice<T> Add<T>(string name, ReadOnlySpan<T> values) where T : unmanaged =>
        Register(name, Device.Upload(values));

    /// <summary>Adds a buffer that nobody has written.</summary>
    public Slice<T> AddFresh<T>(string name, int length) where T : unmanaged =>
        Register(name, Device.Allocate<T>(length));

    /// <summary>Adds a tensor map: its address is in register %name.</summary>
    public void AddMap(string name, PtxTensorMap map) => _maps.Add((name, map));

    /// <summary>A module with one entry that has maps and buffers as parameters, loaded into registers %name.</summary>
    public string Text(string body) => $$"""
        .version 8.0
        .target sm_80
        .address_size 64
        .visible .entry rig({{string.Join(", ", [
            .. _maps.Select(m => $".param .align 64 .b8 p_{m.Name}[128]"), .. _buffers.Select(b => $".param .align 8 .b8 p_{b.Name}[16]")])}})
        {
        {{string.Join("\n", _maps.Select(m => $".reg .b64 %{m.Name}; mov.b64 %{m.Name}, p_{m.Name}; cvta.param.u64 %{m.Name}, %{m.Name};"))}}
        {{string.Join("\n", _buffers.Select(b => $".reg .b64 %{b.Name}; ld.param.b64 %{b.Name}, [p_{b.Name}];"))}}
        {{body}}
        }
        """;

    /// <summary>Runs the body.</summary>
    public SimStatistics Run(string body, int threads = 32, int blocks = 1) => RunModule(Text(body), threads, blocks);

    /// <summary>Runs the text of a module that has the parameters of <see cref="Text"/>.</summary>
    public SimStatistics RunModule(string text, int threads = 32, int blocks = 1)
    {
        using var machine = new PtxMachine("rig", text);
        return RunOn(machine, threads, blocks);
    }

    /// <summary>The same of a machine that has the text, and may have run it before.</summary>
    public SimStatistics RunOn(PtxMachine machine, int threads = 32, int blocks = 1)
    {
        var arguments = new long[2 * _buffers.Count];
        for (var i = 0; i < _buffers.Count; i++)
        {
            var buffer = _buffers[i].Buffer;
            arguments[2 * i] = (long)buffer.Start;
            arguments[(2 * i) + 1] = (long)(buffer.End - buffer.Start) / buffer.ElementBytes;
        }

        Device.Launch(
            machine,
            threads,
            new GridSize(blocks),
            [.. _maps.SelectMany(m => Encoded(m.Map)), .. MemoryMarshal.AsBytes(arguments.AsSpan())],
            [.. _buffers.Select(b => b.Buffer)]);
        return Device.LastLaunch!;
    }

    /// <summary>Runs the body, which must fail, and gives the message.</summary>
    public string Fault(string body, int threads = 32, int blocks = 1)
    {
        var fault = Assert.Catch(() => Run(body, threads, blocks))!;
        Assert.That(fault, Is.TypeOf<PtxException>().Or.TypeOf<KernelException>());
        return fault.Message;
    }

    public void Dispose()
    {
        foreach (var (_, owner, _) in _buffers)
        {
            owner.Dispose();
        }

        Device.Dispose();
    }

    private static byte[] Encoded(PtxTensorMap map)
    {
        var bytes = new byte[PtxTensorMap.Bytes];
        map.Encode(bytes);
        return bytes;
    }

    private Slice<T> Register<T>(string name, DeviceBuffer<T> buffer) where T : unmanaged
    {
        _buffers.Add((name, buffer, Device.BufferOf(name, buffer.Slice)));
        return buffer.Slice;
    }
}
