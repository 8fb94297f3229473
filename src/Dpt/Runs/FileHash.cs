using System.Security.Cryptography;

namespace DPT.Engine.Dpt;

/// <summary>SHA-256 of files.</summary>
internal static class FileHash
{
    /// <summary>The hash of a file's bytes, in hexadecimal.</summary>
    public static string Of(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
