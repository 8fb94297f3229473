namespace DPT.Engine.Kernels;

/// <summary>What one card has: its context, the one stream that all work goes to, and its memory.</summary>
internal sealed class CudaContext : IDisposable
{
    /// <summary>Below it there is no asynchronous copy and no bf16, which kernels are written with.</summary>
    private const int MinMajor = 8;

    private readonly ICudaDriver _driver;
    private readonly int _ordinal;
    private readonly nint _context;
    private readonly nint _stream;

    /// <summary>Opens the card of that number.</summary>
    /// <exception cref="DeviceException">There is no such card, or it is not usable; the message says why.</exception>
    public CudaContext(ICudaDriver driver, int ordinal)
    {
        _driver = driver;
        _ordinal = ordinal;
        if (WhyNot(driver, ordinal) is { } reason)
        {
            throw new DeviceException(reason);
        }

        Require(driver.RetainContext(ordinal, out _context), "no context on the GPU");
        try
        {
            Require(driver.SetContext(_context), "the context of the GPU cannot be used");
            Require(driver.CreateStream(out _stream), "no stream on the GPU");
            Require(driver.NameOf(ordinal, out var name), "the GPU does not tell its name");
            Require(driver.TotalMemory(ordinal, out var bytes), "the GPU does not tell its memory");
            Require(driver.Version(out var version), "the driver does not tell its version");
            (Name, TotalBytes, DriverVersion) = (name, bytes, $"{version / 1000}.{version % 1000 / 10}");
        }
        catch
        {
            driver.ReleaseContext(ordinal);
            throw;
        }
    }

    /// <summary>Name of the card.</summary>
    public string Name { get; }

    /// <summary>Its memory.</summary>
    public long TotalBytes { get; }

    /// <summary>Version of CUDA that the driver knows.</summary>
    public string DriverVersion { get; }

    /// <summary>Major and minor number.</summary>
    public (int Major, int Minor) Capability =>
        (Attribute(CudaAttribute.ComputeCapabilityMajor), Attribute(CudaAttribute.ComputeCapabilityMinor));

    /// <summary>Why a card cannot be used, or null if it can.</summary>
    public static string? WhyNot(ICudaDriver driver, int ordinal)
    {
        var result = driver.Initialise();
        if (result != 0)
        {
            return $"the NVIDIA driver does not start: {driver.Describe(result)}";
        }

        result = driver.CountDevices(out var count);
        if (result != 0 || count <= ordinal)
        {
            return result != 0 ? $"the NVIDIA driver finds no GPU: {driver.Describe(result)}"
                : count == 0 ? "there is an NVIDIA driver, but no GPU"
                : $"there is no GPU {ordinal}, only {count}";
        }

        result = driver.Attribute(ordinal, CudaAttribute.ComputeCapabilityMajor, out var major);
        driver.Attribute(ordinal, CudaAttribute.ComputeCapabilityMinor, out var minor);
        return result != 0 ? $"the GPU does not answer: {driver.Describe(result)}"
            : major < MinMajor ? $"the GPU has compute capability {major}.{minor}, kernels need {MinMajor}.0"
            : null;
    }

    /// <summary>The driver and the stream, with this thread attached to the card.</summary>
    public ICudaDriver Use(out nint stream)
    {
        Require(_driver.SetContext(_context), "the context of the GPU cannot be used");
        stream = _stream;
        return _driver;
    }

    /// <summary>The driver for giving something back: on a card that is lost everything is gone already.</summary>
    public ICudaDriver UseToRelease()
    {
        _driver.SetContext(_context);
        return _driver;
    }

    /// <summary>One of the card's numbers.</summary>
    public int Attribute(CudaAttribute attribute)
    {
        Require(_driver.Attribute(_ordinal, attribute, out var value), $"the GPU does not tell {attribute}");
        return value;
    }

    /// <summary>Memory of the card.</summary>
    /// <exception cref="DeviceException">There is not enough.</exception>
    public nint Allocate(long bytes)
    {
        var result = Use(out _).Allocate(bytes, out var address);
        Require(result, $"cannot allocate {bytes} bytes of the GPU's {TotalBytes}");
        return address;
    }

    /// <summary>Gives memory back.</summary>
    public void Free(nint address, long bytes) => UseToRelease().Free(address);

    /// <summary>Throws if a call did not succeed.</summary>
    /// <exception cref="DeviceException">It did not.</exception>
    public void Require(int result, string otherwise)
    {
        if (result != 0)
        {
            throw new DeviceException($"{otherwise}: {_driver.Describe(result)}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _driver.DestroyStream(_stream);
        _driver.ReleaseContext(_ordinal);
    }
}
