using System.Text.Json;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>A case that failed, with all that replays it: operands come from the seed.</summary>
/// <param name="Id">The variant.</param>
/// <param name="Case">Label of the case.</param>
/// <param name="Seed">Seed of the operands.</param>
/// <param name="Device">Kind of the device that it failed on.</param>
/// <param name="Faults">What was wrong.</param>
internal sealed record FailedProof(string Id, string Case, int Seed, string Device, IReadOnlyList<string> Faults)
{
    /// <summary>Where failing cases are written, in the working directory.</summary>
    public const string DefaultFile = "kernel-failures.json";

    /// <summary>Writes the file, in the place of an older one.</summary>
    public static void Write(IReadOnlyList<FailedProof> proofs) => AtomicFile.WriteText(DefaultFile, JsonText.Of(proofs));

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="DptException">The file is something else, or cannot be read.</exception>
    public static IReadOnlyList<FailedProof> Read(string file)
    {
        try
        {
            var proofs = JsonText.Read<IReadOnlyList<FailedProof>>(RegularFile.ReadText(file));
            return proofs.All(p => p is { Id: not null, Case: not null, Device: not null })
                ? proofs
                : throw new JsonException("an entry has no id, no case or no device");
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Usage, $"--replay {file}: {e.Message}");
        }
    }

    /// <summary>The case in the registry.</summary>
    /// <exception cref="KernelException">It is not there any more.</exception>
    public (KernelCase Case, int Seed) Find() =>
        (CaseChoice.Find(KernelPattern.FindOne(Id).Operator, Case, _ => true), Seed);
}
