using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Cli.Tests;

/// <summary>Every package is listed with its licence, referenced, and used; where packages come from is the user's affair.</summary>
public sealed partial class PackageTests
{
    /// <summary>What the sources of a project say that uses a package; null for one that is no code to call.</summary>
    private static readonly Dictionary<string, string?> Uses = new()
    {
        ["ILGPU"] = "using ILGPU;",
        ["ILGPU.Algorithms"] = ".EnableAlgorithms(",
        ["System.Numerics.Tensors"] = "System.Numerics.Tensors",
        ["CommandLineParser"] = "using CommandLine;",
        ["DiffPlex"] = "using DiffPlex;",
        ["Spectre.Console"] = "using Spectre.Console",
        ["Google.Protobuf"] = "using Google.Protobuf;",
        ["Grpc.Tools"] = null,
        ["Microsoft.ML.OnnxRuntime"] = "using Microsoft.ML.OnnxRuntime;",
        ["SkiaSharp"] = "using SkiaSharp;",
        ["SkiaSharp.NativeAssets.Linux.NoDependencies"] = null,
        ["Snappier"] = "using Snappier;",
        ["ZstdSharp.Port"] = "using ZstdSharp;",
        ["Microsoft.NET.Test.Sdk"] = null,
        ["NUnit"] = "[Test]",
        ["NUnit3TestAdapter"] = null,
        ["FsCheck.NUnit"] = "FsCheck",
        ["Microsoft.CodeAnalysis.PublicApiAnalyzers"] = null,
        ["Mono.Cecil"] = "using Mono.Cecil",
        ["SharpFuzz"] = "using SharpFuzz",
        ["TorchSharp"] = "TorchSharp",
        ["libtorch-cpu-linux-x64"] = null,
        ["BenchmarkDotNet"] = "using BenchmarkDotNet",
    };

    private static readonly string[] Folders = ["src", "tests", "perf"];

    private static IEnumerable<string> Packages => XDocument.Load(Repository.File("Directory.Packages.props"))
        .Descendants("PackageVersion").Select(p => (string)p.Attribute("Include")!);

    [Test]
    public void ThirdParty_ListsEveryPackageAndNoOther_EachWithALicence()
    {
        var rows = File.ReadAllLines(Repository.File("THIRD-PARTY.md"))
            .SkipWhile(line => line != "| Package | For | Licence |")
            .TakeWhile(line => !line.StartsWith("| Work", StringComparison.Ordinal))
            .Where(line => line.StartsWith('|') && !line.StartsWith("|---", StringComparison.Ordinal) && !line.StartsWith("| Package", StringComparison.Ordinal))
            .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray())
            .ToList();
        Assert.That(rows.SelectMany(row => row[0].Split(", ")), Is.EquivalentTo(Packages));
        Assert.That(rows.Select(row => row[2]), Has.All.Matches("MIT|BSD-3-Clause|NCSA|Apache-2.0"));
    }

    [Test]
    public void Projects_UseEveryPackageThatTheyReference()
    {
        var referenced = Folders.SelectMany(folder => Find(folder, "*.csproj").Concat(Find(folder, "*.props")))
            .SelectMany(file => XDocument.Load(file).Descendants("PackageReference").Select(r => (File: file, Name: (string)r.Attribute("Include")!)))
            .ToList();
        Assert.That(referenced.Select(r => r.Name).Distinct(), Is.EquivalentTo(Uses.Keys));
        foreach (var (file, name) in referenced)
        {
            if (Uses[name] is { } text)
            {
                // Of properties that projects import, one project that imports them is enough.
                var folders = file.EndsWith(".props", StringComparison.Ordinal) ? Folders.Select(Repository.File) : [Path.GetDirectoryName(file)!];
                Assert.That(
                    folders.SelectMany(folder => Find(folder, "*.cs"))
                        .Where(source => Path.GetFileName(source) != $"{nameof(PackageTests)}.cs")
                        .Any(source => File.ReadAllText(source).Contains(text, StringComparison.Ordinal)),
                    $"{file} references {name}, and nothing there says {text}");
            }
        }
    }

    [Test]
    public void Sources_OfPackages_AreNamedNowhere()
    {
        Assert.That(Directory.GetFiles(Repository.Root, "nuget.config", new EnumerationOptions { MatchCasing = MatchCasing.CaseInsensitive }), Is.Empty);
        Assert.That(Address().Matches(File.ReadAllText(Repository.File("THIRD-PARTY.md"))), Is.Empty);
    }

    private static IEnumerable<string> Find(string folder, string pattern) =>
        Directory.EnumerateFiles(Repository.File(folder), pattern, SearchOption.AllDirectories)
            .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));

    [GeneratedRegex("https?://|nuget", RegexOptions.IgnoreCase)]
    private static partial Regex Address();
}
