using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace DPT.Engine.Dpt.Tests;

/// <summary>A published set comes whole or not at all, whatever the server does; what has come is gone on from.</summary>
[CancelAfter(60_000)]
public sealed class DownloadTests
{
    private static readonly byte[] First = [.. Enumerable.Range(0, 200_000).Select(i => (byte)(i * i / 7))];
    private static readonly byte[] Second = "labels"u8.ToArray();
    private static readonly PublishedSet Set = new("small", "mnist", new Uri("http://127.0.0.1:9/"), [Published("images", First), Published("labels", Second)]);

    private TemporaryFolder _folder = null!;

    private string Target => _folder["set"];

    private string Part => _folder["set.part/images.part"];

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Save_FromAGoodServer_IsThereAlone()
    {
        using var server = new FileServer(Whole);
        Save(server);
        Assert.That(Files(), Is.EqualTo(["set/images", "set/labels"]));
        Assert.That((File.ReadAllBytes(_folder["set/images"]), File.ReadAllBytes(_folder["set/labels"])), Is.EqualTo((First, Second)));
        Assert.That(server.Requests, Is.EqualTo([new FileRequest("/sets/images", null), new FileRequest("/sets/labels", null)]));
        Assert.That(Set.Spec(Target), Is.EqualTo($"mnist:{Target}"));
    }

    [Test]
    public void Save_WhereTheFolderExists_AsksNobody()
    {
        using var server = new FileServer(Whole);
        Directory.CreateDirectory(Target);
        TestImages.Fails(FailureKind.Environment, () => Save(server), "set' exists; give --out a new folder, or use it as it is: --data mnist:");
        Assert.That(server.Requests, Is.Empty);
    }

    /// <summary>The first file is brought whole, the second is cut: the first is not brought again.</summary>
    [Test]
    public void Save_AfterACut_GoesOnFromThere()
    {
        using (var cut = new FileServer(request => Whole(request)[..^(request.Path.EndsWith("labels") ? 2 : 0)]))
        {
            var error = TestImages.Fails(FailureKind.Environment, () => Save(cut), "/sets/labels' cannot be read: ");
            Assert.That(error.Message, Does.Contain($"; what has come is in '{_folder["set.part/labels.part"]}', and the same command goes on from there"));
        }

        Assert.That(Files(), Is.EqualTo(["set.part/images", "set.part/labels.part"]));
        using var server = new FileServer(Whole);
        Save(server);
        Assert.That(server.Requests, Is.EqualTo([new FileRequest("/sets/labels", 4)]));
        Assert.That(File.ReadAllBytes(_folder["set/labels"]), Is.EqualTo(Second));
        Assert.That(Files(), Is.EqualTo(["set/images", "set/labels"]));
    }

    /// <summary>Servers that give no part, or another one than was asked for: what was there is written anew.</summary>
    [TestCase("gives all of it")]
    [TestCase("refuses ranges")]
    [TestCase("gives another part")]
    public void Save_FromAServerWithoutParts_StartsAnew(string how)
    {
        _folder.Write("set.part/images.part", new byte[1000]);
        using var server = new FileServer(request => (how, request.From) switch
        {
            (_, null) => Whole(request),
            ("refuses ranges", _) => FileServer.Answer("416 Range Not Satisfiable", [], "Content-Length: 0"),
            ("gives another part", _) => FileServer.Answer("206 Partial Content", First, $"Content-Length: {First.Length}", $"Content-Range: bytes 0-{First.Length - 1}/{First.Length}"),
            _ => Whole(request with { From = null }),
        });
        Save(server);
        Assert.That(File.ReadAllBytes(_folder["set/images"]), Is.EqualTo(First));
        Assert.That(server.Requests[0].From, Is.EqualTo(1000));
    }

    [TestCase("404 Not Found")]
    [TestCase("403 Forbidden")]
    [TestCase("500 Internal Server Error")]
    public void Save_OfWhatIsNotThere_LeavesNothing(string status)
    {
        using var server = new FileServer(_ => FileServer.Answer(status, "<html>sorry</html>"u8, "Content-Length: 18"));
        TestImages.Fails(FailureKind.Environment, () => Save(server), $"/sets/images' answered {status}; another address can be given with --from");
        Assert.That(Files(), Is.Empty);
        Assert.That(Directory.EnumerateFileSystemEntries(_folder.Path), Is.Empty);
    }

    [Test]
    public void Save_ThroughARedirection_FollowsIt()
    {
        using var server = new FileServer(request => request.Path.StartsWith("/sets") ? FileServer.Answer("302 Found", [], $"Location: /there{request.Path}", "Content-Length: 0") : Whole(request));
        Save(server);
        Assert.That(File.ReadAllBytes(_folder["set/images"]), Is.EqualTo(First));
    }

    [Test]
    public void Save_ThroughRedirectionsWithoutEnd_GivesUp()
    {
        using var server = new FileServer(request => FileServer.Answer("302 Found", [], $"Location: /x{request.Path}", "Content-Length: 0"));
        TestImages.Fails(FailureKind.Environment, () => Save(server), "/sets/images' answered 302 Found");
        Assert.That(server.Requests, Has.Count.LessThan(10));
        Assert.That(Directory.EnumerateFileSystemEntries(_folder.Path), Is.Empty);
    }

    [Test]
    public void Save_OfAnotherFileOfThatLength_KeepsNothing()
    {
        using var server = new FileServer(request => FileServer.Good(new byte[First.Length], request.From));
        TestImages.Fails(FailureKind.Check, () => Save(server), "/sets/images' is another file than was published: its SHA-256 is ");
        Assert.That(Directory.EnumerateFileSystemEntries(_folder.Path), Is.Empty);
    }

    [TestCase(true, "it has 200001 bytes, where 200000 are expected")]
    [TestCase(false, "it has more bytes, where 200000 are expected")]
    public void Save_OfALongerFile_KeepsNothing(bool announced, string says)
    {
        using var server = new FileServer(_ => FileServer.Answer("200 OK", [.. First, 0], announced ? ["Content-Length: 200001"] : []));
        TestImages.Fails(FailureKind.Check, () => Save(server), says);
        Assert.That(Directory.EnumerateFileSystemEntries(_folder.Path), Is.Empty);
    }

    /// <summary>Without a length nobody but us knows that it is too short.</summary>
    [Test]
    public void Save_OfAShorterFile_KeepsWhatCame()
    {
        using var server = new FileServer(_ => FileServer.Answer("200 OK", First.AsSpan(0, 5000)));
        TestImages.Fails(FailureKind.Environment, () => Save(server), $"/sets/images' ended after 5000 of 200000 bytes; what has come is in '{Part}'");
        Assert.That(File.ReadAllBytes(Part), Is.EqualTo(First[..5000]));
    }

    [Test]
    public void Save_FromAStallingServer_GivesUp()
    {
        using var server = new FileServer(_ => null);
        TestImages.Fails(FailureKind.Environment, () => Download(server, TimeSpan.FromSeconds(1), default), "/sets/images' said nothing for 1 seconds; another address can be given with --from");
        Assert.That(Directory.EnumerateFileSystemEntries(_folder.Path), Is.Empty);
    }

    [Test]
    public void Save_Stopped_KeepsWhatCame()
    {
        _folder.Write("set.part/images.part", First[..1000]);
        using var stop = new CancellationTokenSource();
        using var server = new FileServer(_ =>
        {
            stop.Cancel();
            return null;
        });
        Assert.That(() => Download(server, TimeSpan.FromSeconds(30), stop.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(File.ReadAllBytes(Part), Is.EqualTo(First[..1000]));
    }

    /// <summary>What is longer than the file can be no beginning of it.</summary>
    [Test]
    public void Save_AfterALongerPart_StartsAnew()
    {
        _folder.Write("set.part/images.part", new byte[First.Length + 1]);
        using var server = new FileServer(Whole);
        Save(server);
        Assert.That(server.Requests[0].From, Is.Null);
        Assert.That(File.ReadAllBytes(_folder["set/images"]), Is.EqualTo(First));
    }

    [Test]
    public void Save_OfAnArchive_IsReadByItsSource()
    {
        using var batches = new TemporaryFolder();
        var content = new MemoryStream();
        using (var gzip = new GZipStream(content, CompressionLevel.Fastest, leaveOpen: true))
        {
            foreach (var name in CifarSet.Ten.Train.Append(CifarSet.Ten.Test))
            {
                batches.Write($"cifar-10-batches-bin/{name}.bin", [.. Enumerable.Range(0, 10).SelectMany(label => DataFiles.CifarRecord(label, label))]);
            }

            TarFile.CreateFromDirectory(batches.Path, gzip, includeBaseDirectory: false);
        }

        var archive = content.ToArray();
        using var server = new FileServer(request => FileServer.Good(archive, request.From));
        new PublishedSet("c", "cifar10", server.Address, [Published("c.tar.gz", archive)]).Save(Target, from: null, new SilentObserver(), default);
        Assert.That(DatasetCatalog.Load(TestImages.Options($"cifar10:{Target}"), seed: 1).Train.Count, Is.EqualTo(50));
        Assert.That(Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName), Is.EqualTo(["set"]));
    }

    /// <summary>Hashes are of SHA-256, and sets that are read under a name that the catalog knows.</summary>
    [Test]
    public void All_AreSetsThatAreRead()
    {
        foreach (var set in PublishedSet.All)
        {
            Assert.That(set.Files.Select(file => file.Sha256), Has.All.Match("^[0-9a-f]{64}$"));
            Assert.That(DatasetCatalog.Kinds.Select(kind => kind.Spec), Does.Contain(set.Spec("DIR")));
            Assert.That(PublishedSet.Find(set.Name), Is.SameAs(set));
        }
    }

    private static byte[] Whole(FileRequest request) => FileServer.Good(request.Path.EndsWith("images") ? First : Second, request.From);

    private static PublishedFile Published(string name, byte[] content) => new(name, content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));

    private void Save(FileServer server) => Set.Save(Target, server.Address, new SilentObserver(), default);

    private void Download(FileServer server, TimeSpan patience, CancellationToken stop) =>
        new SetDownload(Set, server.Address, Target, new SilentObserver()) { Patience = patience }.Run(stop);

    private string[] Files() =>
    [
        .. Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_folder.Path, path)).Order(StringComparer.Ordinal),
    ];
}
