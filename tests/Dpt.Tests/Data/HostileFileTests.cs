using System.Buffers.Binary;
using System.Diagnostics;
using DPT.Engine.Kernels;
using static DPT.Engine.Dpt.Tests.HostileArchives;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// Generated damage to one file of every kind that is read. Each must be refused in one line with the file's name, soon, with
/// little memory, and with nothing written; or, where the damage touches nothing that counts, give what the whole file gives.
/// </summary>
[CancelAfter(60_000)]
public class HostileFileTests
{
    private const int Truncations = 14;
    private const int Flips = 20;
    private const long MostMemory = 64 << 20;

    /// <summary>Of one processor: other programs do not count.</summary>
    private static readonly TimeSpan _mostWork = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan _mostTime = TimeSpan.FromSeconds(10);

    /// <summary>Files that lie, kind by kind: what only somebody who knows the formats comes upon.</summary>
    internal static IEnumerable<(HostileReader Reader, string Name, Action<string> Damage)> Forged =>
        Forgeries().Concat(ForgedPickles()).Concat(ForgedArchives()).Concat(ForgedHeaders());

    public static IEnumerable<TestCaseData> Damages()
    {
        foreach (var reader in HostileReader.All)
        {
            foreach (var (name, damage) in Replacements(reader).Concat(Cuts()).Concat(reader.Checked ? BitFlips(reader) : []))
            {
                yield return new TestCaseData(reader, damage).SetArgDisplayNames(reader.Name, name);
            }
        }

        foreach (var (reader, name, damage) in Forged)
        {
            yield return new TestCaseData(reader, damage).SetArgDisplayNames(reader.Name, name);
        }
    }

    /// <summary>How many files are tried of each reader.</summary>
    [Test]
    public void Damages_AreManyOfEveryReader()
    {
        var counts = Damages().GroupBy(damage => ((HostileReader)damage.Arguments[0]!).Name).ToDictionary(group => group.Key, group => group.Count());
        TestContext.Out.WriteLine(string.Join('\n', counts.Select(count => $"{count.Value,5} {count.Key}").Append($"{counts.Values.Sum(),5} in all")));
        Assert.That(counts.Keys, Is.EquivalentTo(HostileReader.All.Select(reader => reader.Name)));
        Assert.That(counts.Values, Has.All.GreaterThanOrEqualTo(Truncations + 10));
        Assert.That(counts.Values.Sum(), Is.GreaterThanOrEqualTo(1200));
    }

    [TestCaseSource(nameof(Damages))]
    public void Read_DamagedFile_IsRefused(object testedReader, object inflict)
    {
        var (reader, damage) = ((HostileReader)testedReader, (Action<string>)inflict);
        using var folder = new TemporaryFolder();
        reader.Make(folder);
        var whole = reader.Read(folder);
        damage(folder[reader.File]);
        var before = Listing(folder);

        var (memory, clock, work) = (GC.GetTotalAllocatedBytes(precise: true), Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        string? given = null;
        Exception? refused = null;
        try
        {
            given = reader.Read(folder);
        }
        catch (Exception error)
        {
            refused = error;
        }

        Assert.That(clock.Elapsed, Is.LessThan(_mostTime));
        Assert.That(Environment.CpuUsage.TotalTime - work, Is.LessThan(_mostWork));
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - memory, Is.LessThan(MostMemory));
        Assert.That(Listing(folder), Is.EqualTo(before), "nothing is written");
        if (refused is null)
        {
            Assert.That(given, Is.EqualTo(whole), "damage that is not refused does no harm");
            return;
        }

        Assert.That(reader.FaultOf(refused), Is.Null, refused.ToString());
    }

    /// <summary>Something else under the file's name. What is no regular file must not even be opened.</summary>
    private static IEnumerable<(string Name, Action<string> Damage)> Replacements(HostileReader reader)
    {
        if (!reader.IsListed)
        {
            yield return ("missing", File.Delete);
            yield return ("a folder", path => Replace(path, p => Directory.CreateDirectory(p)));
        }

        yield return ("empty", path => File.WriteAllBytes(path, []));
        yield return ("one byte", path => File.WriteAllBytes(path, [0]));
        yield return ("a web page", path => File.WriteAllText(path, "<!doctype html>\n<title>404 Not Found</title>\n"));
        yield return ("a megabyte of zeros", path => File.WriteAllBytes(path, new byte[1 << 20]));
        yield return ("noise", path => File.WriteAllBytes(path, Noise(5000)));
        yield return ("one long line", path => File.WriteAllText(path, new string('x', 3_000_000)));
        yield return ("deeply nested", path => File.WriteAllText(path, new string('[', 100_000)));
        yield return ("a terabyte of nothing", path =>
        {
            using var file = File.Create(path);
            file.SetLength(1L << 40);
        });
        yield return ("a broken link", path => Replace(path, p => File.CreateSymbolicLink(p, "nowhere")));
        yield return ("a link to itself", path => Replace(path, p => File.CreateSymbolicLink(p, Path.GetFileName(p))));
        if (OperatingSystem.IsLinux())
        {
            yield return ("a device without end", path => Replace(path, p => File.CreateSymbolicLink(p, "/dev/zero")));
            yield return ("a pipe that nobody writes to", path => Replace(path, UnixFiles.MakePipe));
        }
    }

    private static IEnumerable<(string Name, Action<string> Damage)> Cuts()
    {
        for (var i = 0; i < Truncations; i++)
        {
            var share = (i + 0.5) / Truncations;
            yield return ($"cut at {share:0.00} of it", path => Change(path, content => content[..(int)(share * content.Length)]));
        }
    }

    private static IEnumerable<(string Name, Action<string> Damage)> BitFlips(HostileReader reader)
    {
        var random = new Random(reader.Name.Length);
        for (var i = 0; i < Flips; i++)
        {
            var (place, bit) = (random.NextDouble(), random.Next(8));
            yield return ($"bit {bit} turned at {place:0.0000} of it", path => Change(path, content =>
            {
                content[(int)(place * content.Length)] ^= (byte)(1 << bit);
                return content;
            }));
        }
    }

    /// <summary>Headers and fields that lie, kind by kind.</summary>
    private static IEnumerable<(HostileReader Reader, string Name, Action<string> Damage)> Forgeries()
    {
        foreach (var file in new[] { "IDX images", "IDX labels" })
        {
            foreach (var at in Enumerable.Range(0, file == "IDX images" ? 16 : 8))
            {
                yield return Forge(file, $"byte {at} of the header is 255", content => With(content, at, 255));
            }

            yield return Forge(file, "a byte too many", content => [.. content, 0]);
        }

        yield return Forge("IDX images", "sides whose square is 2^64", content => With(content, 8, 128, 0, 0, 0, 128, 0, 0, 0));
        yield return Forge("IDX images, compressed", "a header alone", _ => Gzip(DataFiles.Idx([6, 3, 3], [])));
        yield return Forge("IDX images, compressed", "a bomb", _ => Gzip([.. DataFiles.Idx([6, 3, 3], []), .. new byte[200_000_000]]));
        yield return Forge("IDX labels, compressed", "a bomb", _ => Gzip(DataFiles.Idx([200_000_000], new byte[200_000_000])));
        yield return Forge("CIFAR-10", "a label of 10", content => With(content, 3073, 10));
        yield return Forge("CIFAR-10", "records of CIFAR-100", content => [.. content.Chunk(3073).SelectMany(record => (byte[])[7, .. record])]);
        yield return (HostileReader.All.Single(r => r.Name == "CIFAR-10"), "a billion records", path =>
        {
            using var file = File.Create(path);
            file.SetLength(3073L * 1_000_000_000);
        });
        yield return Forge("CIFAR-10, compressed", "half a record", _ => Gzip(new byte[3073 + 1500]));

        foreach (var size in new[] { 0, -1, 20_000, 1_000_000, int.MaxValue, int.MinValue })
        {
            yield return Forge("BMP", $"width {size}", content => WithNumber(content, 18, size));
            yield return Forge("BMP", $"height {size}", content => WithNumber(content, 22, size == -1 ? int.MinValue : size));
        }

        foreach (var size in new uint[] { 0, 20_000, 16_000, 0x7fffffff, 0xffffffff })
        {
            yield return Forge("PNG", $"width {size} with a true checksum", content => WithPngSize(content, size));
        }

        foreach (var line in new[]
        {
            "9,0,x", "-1,0,x", "0,3,x", "0,-1,x", "0,0", "1,0,\"class1/image, 1.png\"", "99999999999,0,x", "0x1,0,x", "0,0,x,x", "0 ,0,x",
            "\u0660,0,x", "+0,0,x", "0;0;x", "", "\"", "0,0,\"class0/image, 0.png\"\n0,0,\"class0/image, 0.png\"",
        })
        {
            yield return Forge("label table", $"the line {line}", content => [.. content, (byte)'\n', .. System.Text.Encoding.UTF8.GetBytes(line)]);
        }

        foreach (var line in new[] { "image, 6.png", "../class0/image, 0.png", "class1/image, 0.png", "7", "1.0", " 3", "", "image, 0.png", "\ud83d\ude00" })
        {
            yield return Forge("label list", $"the line {line}", content => [.. content, (byte)'\n', .. System.Text.Encoding.UTF8.GetBytes(line)]);
        }

        foreach (var (from, to) in new[]
        {
            ("0.25", "1.5"), ("0.25", "NaN"), ("0.25", "-0.1"), ("0.25", ""), ("0.25", "0,25"), (",2,", ",3,"), (",2,", ",,"), ("file,", "index,"),
            ("image, 1.png", "image, 0.png"), ("image, 1.png", "image, 7.png"), ("\"class0", "class0"),
        })
        {
            yield return Forge("pseudo-labels", $"{from} becomes {to}", content => Replaced(content, from, to));
        }

        yield return Forge("pseudo-labels", "the last number is cut", content => content[..^3]);
        foreach (var (from, to) in new[]
        {
            ("F32", "F16"), ("F32", "I32"), ("[2,3]", "[3,3]"), ("[2,3]", "[-2,3]"), ("[2,3]", "[2,3e9]"), ("[2,3]", "[0,3]"), ("\"shape\"", "\"shap3\""),
            ("a.bias", "a\\u0062"), ("data_offsets", "data_offset5"), ("[2,3]", "[t\n3]"),
        })
        {
            yield return Forge("weights", $"{from} becomes {to}", content => Replaced(content, from, to, keepLength: true));
        }

        yield return Forge("weights", "a tensor of a long name", _ => [16, 0x27, 0, 0, 0, 0, 0, 0, .. System.Text.Encoding.ASCII.GetBytes($"{{\"{new string('x', 9994)}\":1}}")]);
        foreach (var (from, to) in new[] { ("\"1\"", "\"0\""), ("\"first\":\"0\"", "\"first\":\"3\""), ("U8", "I8"), ("[3,1,2,2]", "[3,2,1,2]"), ("images", "imagez") })
        {
            yield return Forge("image shard", $"{from} becomes {to}", content => Replaced(content, from, to, keepLength: true));
        }

        foreach (var (from, to) in new[]
        {
            ("\"classes\": 2", "\"classes\": 0"), ("\"classes\": 2", "\"classes\": 2147483647"), ("\"perClass\": 3", "\"perClass\": -3"), ("\"perClass\": 3", "\"perClass\": 4"),
            ("\"channels\": 1", "\"channels\": 3"), ("\"imageSize\": 2", "\"imageSize\": 100000"), ("\"shardSize\": 3", "\"shardSize\": 0"),
            ("\"shardSize\": 3", "\"shardSize\": \"3\""), ("\"key\": \"k\"", "\"key\": null"), ("\"key\": \"k\"", "\"kez\": 1"), ("\"classes\": 2", "\"classes\": 2e40"),
            ("\"perClass\": 3", $"\"perClass\": n{new string('x', 2000)}"),
        })
        {
            yield return Forge("plan of image shards", $"{from} becomes {to}", content => Replaced(content, from, to));
        }

        yield return Forge("plan of image shards", "a file of 2^31 images", content =>
            Replaced(Replaced(content, "\"perClass\": 3", "\"perClass\": 4"), "\"shardSize\": 3", "\"shardSize\": 2147483647"));
        foreach (var (from, to) in new[]
        {
            ("\"given\": {", "\"given\": ["), ("\"train\": \"abc\"", "\"train\": 5"), ("\"bytes\": 12", "\"bytes\": 1e99"), ("\"seconds\": 1.5", "\"seconds\": \"soon\""),
            ("\"outputs\": [", "\"outputs\": null, \"x\": ["), ("\"stage\":", "\"stag\":"), ("\"path\":", "\"pth\":"),
        })
        {
            yield return Forge("manifest", $"{from} becomes {to}", content => Replaced(content, from, to));
        }
    }

    private static IEnumerable<(HostileReader Reader, string Name, Action<string> Damage)> ForgedPickles()
    {
        foreach (var (name, pickle) in HostilePickles.All)
        {
            yield return Forge("CIFAR-10 for Python", name, _ => pickle);
            yield return Forge("weights of PyTorch", name, _ => PickleText.Zip(pickle));
            yield return Forge("weights of PyTorch before 1.6", name, _ => PickleText.Of("\x80\x02\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019.", "\x80\x02M\u00e9\u0003.", "\x80\x02}.", pickle));
        }
    }

    private static IEnumerable<(HostileReader Reader, string Name, Action<string> Damage)> ForgedArchives()
    {
        var png = TestImages.Png(1, 2, 2);
        foreach (var name in HostileArchives.Names)
        {
            yield return Forge("EDM's zip", $"an entry {name}", _ => Zip((name, png), ("dataset.json", System.Text.Encoding.UTF8.GetBytes($$"""{"labels":[["{{name.Replace("\\", "\\\\")}}",0]]}"""))));
            yield return Forge("tar of WebDataset", $"an entry {name}", _ => Tar((name, png), ("a.cls", "1"u8.ToArray())));
            yield return Forge("tar of WebDataset, compressed", $"an entry {name}", _ => Gzip(Tar((name, png), ("a.cls", "1"u8.ToArray()))));
        }

        foreach (var list in new[]
        {
            new string('[', 100_000), $$"""{"labels":{{string.Concat(Enumerable.Repeat("{\"labels\":", 5000))}}""", """{"labels":[["a.png",NaN]]}""", """{"labels":[["a.png",Infinity]]}""",
            """{"labels":[["a.png",1e400]]}""", """{"labels":[["a.png",-9223372036854775809]]}""", """{"labels":[["a.png",[1,NaN]]]}""", """{"labels":[["a.png",true]]}""",
            """{"labels":[["../a.png",1]]}""", """{"labels":[[1,"a.png"]]}""", """{"labels":[],"labels":[["a.png",0]]}""", "{\"labels\":[[\"a\0.png\",0]]}", "\xef\xbb\xbf",
        })
        {
            yield return Forge("EDM's zip", $"a list {OneLine.Start(list)}", _ => Zip(("a.png", png), ("dataset.json", System.Text.Encoding.UTF8.GetBytes(list))));
        }

        yield return Forge("EDM's zip", "a bomb for an image", _ => Zip(("a.png", new byte[50_000_000]), ("dataset.json", """{"labels":[["a.png",0]]}"""u8.ToArray())));
        yield return Forge("EDM's zip", "a bomb for a list", _ => Zip(("a.png", png), ("dataset.json", new byte[50_000_000])));
        yield return Forge("arrays of NumPy", "a bomb", _ => Zip(("images.npy", new byte[50_000_000]), ("labels.npy", [])));
        yield return Forge("tar of WebDataset, compressed", "a bomb", _ => Gzip([.. TarHeader("a.png", 1L << 29), .. new byte[10_000_000]]));
        yield return Forge("tar of WebDataset, compressed", "bombs of names", _ => Gzip([.. TarHeader("a.png", 1L << 29, type: 'L'), .. new byte[1000]]));
        foreach (var type in "123456xgLKDSM7")
        {
            yield return Forge("tar of WebDataset", $"an entry of type {type} with 1 TB", _ => TarHeader("a.png", 1L << 32, type));
        }

        byte[] attributes = [.. TarHeader("pax", 15, type: 'x'), .. "15 path=b\0.png\n"u8, .. new byte[512 - 15]];
        foreach (var (reader, form) in new (string, Func<byte[], byte[]>)[] { ("tar of WebDataset", archive => archive), ("tar of WebDataset, compressed", Gzip) })
        {
            yield return Forge(reader, "a mode of 2^55", _ => form(TarHeader("a.png", 0, mode: "\u0080\u0080\0\0\0\0\0\0")));
            yield return Forge(reader, "an entry of 4 GB", _ => form(TarHeader("a.png", 1L << 32)));
            yield return Forge(reader, "a NUL in a long name", _ => form([.. attributes, .. Tar(("a.png", png[..20]))]));
        }

        foreach (var (what, folder) in new[] { ("many broken images", "a"), ("broken images of long names", new string('x', 900)) })
        {
            string[] broken = [.. Enumerable.Range(0, 40).Select(i => $"{folder}/{i}.png")];
            var labels = $$"""{"labels":[{{string.Join(',', broken.Select((name, i) => $"[\"{name}\",{i % 2}]"))}}]}""";
            yield return Forge("EDM's zip", what, _ => Zip([.. broken.Select(name => (name, png[..20])), ("dataset.json", System.Text.Encoding.UTF8.GetBytes(labels))]));
        }

        foreach (var at in new[] { 0, 4, 8, 10, 12, 16, 20, 24, 28, 32, 34, 36, 42 })
        {
            yield return Forge("EDM's zip", $"byte {at} of the list of entries is 255", content => With(content, content.AsSpan().LastIndexOf("PK\u0001\u0002"u8) + at, 255));
            yield return Forge("arrays of NumPy", $"byte {at} of the list of entries is 255", content => With(content, content.AsSpan().LastIndexOf("PK\u0001\u0002"u8) + at, 255));
            yield return Forge("weights of PyTorch", $"byte {at} of the list of entries is 255", content => With(content, content.AsSpan().LastIndexOf("PK\u0001\u0002"u8) + at, 255));
        }
    }

    private static IEnumerable<(HostileReader Reader, string Name, Action<string> Damage)> ForgedHeaders()
    {
        foreach (var (from, to) in new[]
        {
            ("'<f4'", "'>f4'"), ("'<f4'", "'|O8'"), ("'<f4'", "'<c8'"), ("'<f4'", "'<f2'"), ("False", "True "), ("'shape'", "'shapf'"), ("(", "(-"), ("(", "(9999999999"), (")", "9999999999)"), ("{", "["),
            ("}", " "), ("'descr'", "'shape'"),
        })
        {
            yield return Forge("array of NumPy", $"{from} becomes {to}", content => Replaced(content, from, to, keepLength: true));
        }

        foreach (var at in new[] { 0, 5, 6, 7, 8, 9 })
        {
            yield return Forge("array of NumPy", $"byte {at} is 255", content => With(content, at, 255));
        }

        foreach (var line in new[] { "a.png,dog", "x", "x,", ",x", "x,y,z", "nowhere.png,cat", "../a.png,cat", "\"", "\"a\"b,c", "d.png", "\0,\0" })
        {
            yield return Forge("table of labels", $"the line {line}", content => [.. content, .. System.Text.Encoding.UTF8.GetBytes(line + "\n")]);
        }

        foreach (var (reader, at) in new[] { ("JPEG", 0xc0), ("JPEG", 0xc2) })
        {
            foreach (var size in new byte[] { 0, 255 })
            {
                yield return Forge(reader, $"sizes of {size} behind marker {at:x}", content => content.AsSpan().IndexOf((byte[])[0xff, (byte)at]) is >= 0 and var place
                    ? With(content, place + 5, size, size, size, size)
                    : content);
            }
        }

        foreach (var size in new ushort[] { 0, 20_000, 0xffff })
        {
            yield return Forge("GIF", $"a side of {size}", content => With(content, 6, (byte)size, (byte)(size >> 8), (byte)size, (byte)(size >> 8)));
            yield return Forge("GIF", $"a frame at {size}", content => content.AsSpan().IndexOf((byte)0x2c) is var place ? With(content, place + 1, (byte)size, (byte)(size >> 8)) : content);
            yield return Forge("WebP", $"a chunk of {size}", content => With(content, 16, (byte)size, (byte)(size >> 8), 0xff, 0x7f));
        }
    }

    private static (HostileReader Reader, string Name, Action<string> Damage) Forge(string reader, string name, Func<byte[], byte[]> change) =>
        (HostileReader.All.Single(r => r.Name == reader), name, path => Change(path, change));

    private static byte[] With(byte[] content, int at, params byte[] values)
    {
        values.CopyTo(content, at);
        return content;
    }

    private static byte[] WithNumber(byte[] content, int at, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(at), value);
        return content;
    }

    /// <summary>A PNG's first chunk with another width: it begins at byte 12, its checksum is at byte 29.</summary>
    private static byte[] WithPngSize(byte[] content, uint width)
    {
        BinaryPrimitives.WriteUInt32BigEndian(content.AsSpan(16), width);
        var sum = 0xffffffffu;
        foreach (var value in content[12..29])
        {
            sum ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                sum = (sum >> 1) ^ ((sum & 1) * 0xedb88320u);
            }
        }

        BinaryPrimitives.WriteUInt32BigEndian(content.AsSpan(29), ~sum);
        return content;
    }

    private static byte[] Replaced(byte[] content, string from, string to, bool keepLength = false)
    {
        // Latin 1 keeps every byte as it is. Blanks keep the length of a header, where one counts.
        var text = System.Text.Encoding.Latin1.GetString(content);
        Assert.That(text, Does.Contain(from));
        var changed = text.Replace(from, to);
        if (keepLength && changed.Length > text.Length)
        {
            changed = changed.Replace(new string(' ', changed.Length - text.Length), "");
        }

        return System.Text.Encoding.Latin1.GetBytes(changed);
    }

    private static byte[] Noise(int length)
    {
        var noise = new byte[length];
        new Random(5).NextBytes(noise);
        return noise;
    }

    private static void Change(string path, Func<byte[], byte[]> change) => File.WriteAllBytes(path, change(File.ReadAllBytes(path)));

    private static void Replace(string path, Action<string> make)
    {
        File.Delete(path);
        make(path);
    }

    private static string[] Listing(TemporaryFolder folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
