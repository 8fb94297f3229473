using System.Security.Cryptography;

namespace Fuzz;

/// <summary>An input that does harm, as a file, and how to see it again.</summary>
internal static class Finding
{
    public static void Keep(Options options, byte[] input, Fault fault)
    {
        Directory.CreateDirectory(options.Out);
        var words = options.Only.Split([' ', ',', '\'', '.'], StringSplitOptions.RemoveEmptyEntries);
        var path = Path.Combine(options.Out, $"{string.Join('-', words)}-{Convert.ToHexStringLower(SHA256.HashData(input))[..12]}");
        File.WriteAllBytes(path, input);
        Console.Error.WriteLine($"""
            ! {options.Only}: {fault.Key}
            {fault.Text}
              {input.Length} bytes; again: dotnet run -c Release --project tests/Fuzz -- --only "{options.Only}" --replay {path}
            """);
    }
}
