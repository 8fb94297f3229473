using System.Security.Cryptography;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>SHA-256 of files.</summary>
internal static class FileHash
{
    /// <summary>The hash of a file's bytes, in hexadecimal.</summary>
    /// <exception cref="InvalidDataException">It is empty or no regular file; the message names it.</exception>
    /// <exception cref="IOException">It is missing or cannot be read.</exception>
    public static string Of(string path)
    {
        try
        {
            using var stream = RegularFile.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"'{path}': {error.Message}", error);
        }
    }
}
