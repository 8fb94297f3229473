using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace DPT.Engine.Kernels;

/// <summary>
/// Machine code that was made beforehand: a zip file with a cubin for each kernel and architecture. Its name there is the kernel's and
/// a hash of the text that it was made from, so no other text ever finds it. C# lines count for nothing in it: they change no code.
/// </summary>
/// <remarks>
/// A driver compiles text with whatever version of the compiler it has; a cubin runs as it was read and measured, and knows its C#
/// lines in NVIDIA's profiler and sanitizer even where the engine has no symbols.
/// </remarks>
public sealed class CubinArchive
{
    /// <summary>The environment variable that names the file; empty for none.</summary>
    public const string Variable = "DPT_CUBINS";

    private readonly Dictionary<string, byte[]> _cubins;

    private CubinArchive(string path, Dictionary<string, byte[]> cubins) => (Path, _cubins) = (path, cubins);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>How many cubins it has.</summary>
    public int Count => _cubins.Count;

    /// <summary>The architectures that it has cubins for.</summary>
    public IEnumerable<PtxArchitecture> Architectures => PtxArchitecture.All.Where(a => HasAny($"{a}/"));

    /// <summary>That of <see cref="Variable"/>; if it is not set, <c>cubins.zip</c> beside the engine; null if there is none.</summary>
    /// <exception cref="DeviceException">The file of <see cref="Variable"/> is not there, or is no archive of cubins.</exception>
    public static CubinArchive? Default()
    {
        var named = Environment.GetEnvironmentVariable(Variable);
        var path = named ?? System.IO.Path.Combine(AppContext.BaseDirectory, "cubins.zip");
        return path.Length == 0 || (named is null && !File.Exists(path)) ? null : Open(path);
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="DeviceException">It cannot be read.</exception>
    public static CubinArchive Open(string path)
    {
        try
        {
            using var zip = ZipFile.OpenRead(path);
            return new CubinArchive(path, zip.Entries.ToDictionary(e => e.FullName, Bytes));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException)
        {
            throw new DeviceException($"{path} is no archive of cubins: {failure.Message}; `dpt kernels assemble` makes one", failure);
        }
    }

    /// <summary>Assembles kernels, for every architecture that they run on.</summary>
    /// <param name="stream">Where the archive goes.</param>
    /// <param name="kernels">The kernels.</param>
    /// <param name="architectures">Only for these.</param>
    /// <param name="report">Is told of each cubin.</param>
    /// <exception cref="PtxException">The assembler is not there, or refuses a text; the message says why.</exception>
    /// <exception cref="KernelException">A kernel does not compile.</exception>
    public static void Write(
        Stream stream, IEnumerable<GpuKernel> kernels, IReadOnlyCollection<PtxArchitecture> architectures, Action<GpuKernel, PtxArchitecture>? report = null) =>
        Write(stream, kernels ?? throw new ArgumentNullException(nameof(kernels)), architectures, PtxAssembler.Cubin, report);

    /// <summary>The same with an assembler of the caller's.</summary>
    internal static void Write(
        Stream stream, IEnumerable<GpuKernel> kernels, IReadOnlyCollection<PtxArchitecture> architectures, Func<PtxModule, byte[]> assemble,
        Action<GpuKernel, PtxArchitecture>? report = null)
    {
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var kernel in kernels)
        {
            foreach (var architecture in kernel.Architectures.Intersect(architectures))
            {
                var module = PtxPipeline.Build(kernel, architecture);
                var cubin = assemble(module);
                var entry = zip.CreateEntry(NameOf(kernel, architecture, module), CompressionLevel.SmallestSize);
                using var to = entry.Open();
                to.Write(cubin);
                report?.Invoke(kernel, architecture);
            }
        }
    }

    /// <summary>Whether there is a cubin of the kernel, of whatever text.</summary>
    public bool Has(GpuKernel kernel, PtxArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(architecture);
        return HasAny(Prefix(kernel, architecture));
    }

    /// <summary>The cubin of just that text, or null.</summary>
    internal byte[]? Find(GpuKernel kernel, PtxArchitecture architecture, PtxModule module) =>
        _cubins.GetValueOrDefault(NameOf(kernel, architecture, module));

    private bool HasAny(string prefix) => _cubins.Keys.Any(name => name.StartsWith(prefix, StringComparison.Ordinal));

    private static string Prefix(GpuKernel kernel, PtxArchitecture architecture) => $"{architecture}/{kernel.Id}-";

    private static string NameOf(GpuKernel kernel, PtxArchitecture architecture, PtxModule module) =>
        $"{Prefix(kernel, architecture)}{Hash(module)}.cubin";

    private static string Hash(PtxModule module)
    {
        var code = module.ToString().Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && !IsLine(line));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', code))));
    }

    private static bool IsLine(string text) =>
        text.StartsWith(".loc ", StringComparison.Ordinal) || text.StartsWith(".file ", StringComparison.Ordinal);

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using var from = entry.Open();
        using var to = new MemoryStream();
        from.CopyTo(to);
        return to.ToArray();
    }
}
