using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Cli.Tests;

/// <summary>Programs of users: in the checkout, and with packages from a folder as anybody else has them.</summary>
public sealed partial class SampleTests
{
    private const int MostLines = 100;

    private static readonly string Configuration =
        new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    public static IEnumerable<string> Samples() =>
        Directory.GetDirectories(Repository.File("samples")).Select(folder => Path.GetFileName(folder)!).Order();

    [TestCaseSource(nameof(Samples))]
    public void Sample_Runs_AndFindsWhatItClaims(string sample) =>
        Dotnet(Repository.Root, $"samples/{sample}/bin/{Configuration}/net10.0/{sample}.dll");

    [TestCaseSource(nameof(Samples))]
    public void Sample_IsShort_AndSeesNothingInternal(string sample)
    {
        var lines = Sources(sample).SelectMany(File.ReadAllLines).Select(line => line.Trim());
        Assert.That(lines.Count(l => l.Length > 0 && !l.StartsWith("//", StringComparison.Ordinal)), Is.LessThan(MostLines));
        foreach (var project in Directory.GetFiles(Repository.File("src"), "*.csproj", SearchOption.AllDirectories))
        {
            Assert.That(File.ReadAllText(project), Does.Not.Contain($"InternalsVisibleTo Include=\"{sample}\""), project);
        }
    }

    [Test]
    public void Readme_CodeOfAKernel_IsThatOfTheSample()
    {
        var sample = Trimmed(string.Join('\n', Sources("Softplus").Select(File.ReadAllText)));
        var blocks = CSharpBlock().Matches(File.ReadAllText(Repository.File("README.md")));
        Assert.That(blocks, Is.Not.Empty);
        foreach (Match block in blocks)
        {
            Assert.That(sample, Does.Contain(Trimmed(block.Groups[1].Value)));
        }
    }

    /// <summary>Third-party packages come from this machine's cache, ours from the folder: no network is asked.</summary>
    [Test]
    public void Packages_InAFolder_AreEnoughForAProgramAndForTheTool()
    {
        using var folder = new TemporaryFolder();
        Dotnet(Repository.Root, "pack", "DPT.Engine.sln", "-c", Configuration, "--no-build", "-o", folder.File("packages"));
        var packed = Directory.GetFiles(folder.File("packages")).Select(f => VersionOf().Replace(Path.GetFileName(f), ""));
        Assert.That(packed, Is.EquivalentTo(new[] { "Ptx", "Kernels", "Autograd", "Dpt", "Cli" }
            .SelectMany(name => new[] { $"DPT.Engine.{name}.nupkg", $"DPT.Engine.{name}.snupkg" })));

        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        folder.Write("nuget.config", $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="restored" /></config>
              <packageSources><clear /><add key="packed" value="packages" /></packageSources>
              <fallbackPackageFolders><clear /><add key="machine" value="{cache}" /></fallbackPackageFolders>
            </configuration>
            """);
        folder.Write("Mine.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <AllowUnsafeBlocks>true</AllowUnsafeBlocks>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="DPT.Engine.Dpt" Version="0.1.0" />
              </ItemGroup>
            </Project>
            """);
        foreach (var source in Sources("Softplus"))
        {
            File.Copy(source, folder.File(Path.GetFileName(source)));
        }

        Dotnet(folder.Path, "run", "-c", "Release");
        Dotnet(folder.Path, "tool", "install", "DPT.Engine.Cli", "--version", "0.1.0", "--tool-path", "tool");
        Assert.That(Start(folder.Path, folder.File("tool/dpt"), "kernels", "list", "softmax"), Does.Contain("softmax/v1-warp"));
    }

    private static string[] Sources(string sample) => Directory.GetFiles(Repository.File($"samples/{sample}"), "*.cs");

    private static string Trimmed(string text) => string.Join('\n', text.Split('\n').Select(line => line.Trim())).Trim();

    private static string Dotnet(string folder, params string[] words) =>
        Start(folder, Environment.ProcessPath is { } host && Path.GetFileName(host) == "dotnet" ? host : "dotnet", words);

    /// <summary>What a command prints; it must succeed.</summary>
    private static string Start(string folder, string command, params string[] words)
    {
        var start = new ProcessStartInfo(command, words)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var inherited in start.Environment.Keys.Where(k => k.StartsWith("MSBuild", StringComparison.Ordinal)).ToList())
        {
            // The test's own build must not tell the command where its SDK is.
            start.Environment.Remove(inherited);
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, $"{command} {string.Join(' ', words)}\n{output}\n{errors.Result}");
        return output;
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex("\\.[0-9]+\\.[0-9]+\\.[0-9]+(?=\\.s?nupkg$)")]
    private static partial Regex VersionOf();
}
