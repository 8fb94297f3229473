using System.Buffers.Binary;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace DPT.Engine.TestSupport;

/// <summary>
/// Loads libtorch and TorchSharp's native library before the first use of TorchSharp.
/// </summary>
/// <remarks>
/// TorchSharp 0.107 was linked with GCC 13 and asks for symbol version GLIBCXX_3.4.32; Debian 12 and Ubuntu 22.04 stop
/// at 3.4.30. One undefined symbol carries that version and nothing calls it, so the library works as soon as the
/// loader does not insist: where the plain load fails, a private copy is loaded with the requirement marked weak.
/// </remarks>
internal static class TorchNative
{
    private const string MissingVersion = "GLIBCXX_3.4.32";
    private const string Runtime = "runtimes/linux-x64/native";

    private static readonly string[] LibTorch =
        ["libgomp-98b21ff3.so.1", "libc10.so", "libtorch_cpu.so", "libtorch.so"];

    private static readonly Lazy<nint> Library = new(LoadAll);

    /// <summary>Loads the libraries once; later calls return at once. Safe for use from several threads.</summary>
    /// <exception cref="PlatformNotSupportedException">The packages hold no library for this platform.</exception>
    public static void Load() => _ = Library.Value;

    private static nint LoadAll()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            throw new PlatformNotSupportedException(
                $"TorchSharp is set up for linux-x64 only; this is {RuntimeInformation.RuntimeIdentifier}");
        }

        // Once loaded, a library is found by its name, so nothing needs a search path.
        foreach (var name in LibTorch)
        {
            NativeLibrary.Load(Path.Combine(PackageFolder("LibTorchFolder"), Runtime, name));
        }

        var original = Path.Combine(PackageFolder("TorchSharpFolder"), Runtime, "libLibTorchSharp.so");
        return NativeLibrary.TryLoad(original, out var handle) ? handle : LoadPatchedCopy(original);
    }

    private static string PackageFolder(string key) =>
        typeof(TorchNative).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(a => a.Key == key)?.Value
        ?? throw new InvalidOperationException($"no {key} in the assembly: import tests/Shared/TorchSharp.props");

    /// <summary>The copy lives in a folder of our own and only until it is loaded: nothing is left behind.</summary>
    private static nint LoadPatchedCopy(string original)
    {
        var image = File.ReadAllBytes(original);
        MarkVersionWeak(image, MissingVersion);
        var folder = Directory.CreateTempSubdirectory("dpt-torch-");
        try
        {
            var copy = Path.Combine(folder.FullName, Path.GetFileName(original));
            File.WriteAllBytes(copy, image);
            return NativeLibrary.Load(copy);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Sets VER_FLG_WEAK on a version that a 64-bit little-endian ELF image requires.</summary>
    /// <exception cref="BadImageFormatException">It is no such image, or it does not require the version.</exception>
    internal static void MarkVersionWeak(Span<byte> image, string version)
    {
        const uint VersionNeeds = 0x6ffffffe;
        const ushort Weak = 2;
        if (!image.StartsWith("\u007fELF\u0002\u0001"u8))
        {
            throw new BadImageFormatException("not a 64-bit little-endian ELF image");
        }

        var headers = (int)UInt64(image, 0x28);
        var headerSize = UInt16(image, 0x3A);
        var sections = UInt16(image, 0x3C);
        for (var s = 0; s < sections; s++)
        {
            var header = image.Slice(headers + (s * headerSize), headerSize);
            if (UInt32(header, 4) != VersionNeeds)
            {
                continue;
            }

            var names = image.Slice(headers + ((int)UInt32(header, 40) * headerSize), headerSize);
            var strings = image.Slice((int)UInt64(names, 24), (int)UInt64(names, 32));
            var needs = image.Slice((int)UInt64(header, 24), (int)UInt64(header, 32));
            if (FindVersion(needs, (int)UInt32(header, 44), strings, version) is { } flags)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(needs[flags..], Weak);
                return;
            }
        }

        throw new BadImageFormatException($"the image does not require {version}");
    }

    /// <summary>Offset of the flags of a version in a .gnu.version_r section: libraries, and versions of each.</summary>
    private static int? FindVersion(ReadOnlySpan<byte> needs, int libraries, ReadOnlySpan<byte> strings, string version)
    {
        var wanted = Encoding.ASCII.GetBytes(version);
        for (int library = 0, at = 0; library < libraries; library++, at += (int)UInt32(needs, at + 12))
        {
            var entry = at + (int)UInt32(needs, at + 8);
            for (var left = UInt16(needs, at + 2); left > 0; left--, entry += (int)UInt32(needs, entry + 12))
            {
                var name = strings[(int)UInt32(needs, entry + 8)..];
                if (name[..name.IndexOf((byte)0)].SequenceEqual(wanted))
                {
                    return entry + 4;
                }
            }
        }

        return null;
    }

    private static ushort UInt16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint UInt32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong UInt64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
