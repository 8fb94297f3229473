using System.IO.Compression;
using DPT.Engine.Autograd;
using SkiaSharp;

namespace DPT.Engine.Dpt.Tests;

/// <summary>A reader of files with a set that it accepts, of which one file gets damaged.</summary>
/// <param name="Name">Name for people.</param>
/// <param name="File">The file to damage, below the set's folder.</param>
/// <param name="Make">Writes the set.</param>
/// <param name="Read">Reads it; what it gives tells contents apart.</param>
/// <param name="Checked">Whether a change of any bit shows: a checksum, or a header that means something in every bit.</param>
internal sealed record HostileReader(
    string Name, string File, Action<TemporaryFolder> Make, Func<TemporaryFolder, string> Read, bool Checked)
{
    private const int LongestMessage = 1000;

    private static readonly ImageShardPlan _plan = new(Classes: 2, PerClass: 3, Channels: 1, ImageSize: 2, ShardSize: 3, Key: "k");
    private static readonly ImageDataset _train = TestImages.Cyclic(6, 3, files: true);

    /// <summary>Whether the file is found by listing its folder: that it is gone, or a folder of its name, means nothing.</summary>
    public bool IsListed { get; init; }

    /// <summary>What a message must name; null for the file. A plan and its files can only be seen to contradict each other.</summary>
    public string? Names { get; init; }

    /// <summary>Other true files of its kind: what a fuzzer starts from beside the set's own.</summary>
    public IReadOnlyList<byte[]> Variants { get; init; } = [];

    /// <summary>Every reader of data, labels and results of stages.</summary>
    public static IReadOnlyList<HostileReader> All { get; } =
    [
        Idx("IDX images", "train-images-idx3-ubyte", compressed: false),
        Idx("IDX labels", "train-labels-idx1-ubyte", compressed: false),
        Idx("IDX images, compressed", "train-images-idx3-ubyte.gz", compressed: true),
        Idx("IDX labels, compressed", "train-labels-idx1-ubyte.gz", compressed: true),
        Cifar("CIFAR-10", "data_batch_3.bin", compressed: false),
        Cifar("CIFAR-10, compressed", "data_batch_3.bin.gz", compressed: true),
        new("CIFAR-10 for Python", "data_batch_3", DataFiles.WriteCifarPickles, folder => Hashes(DatasetCatalog.Load(TestImages.Options($"cifar10:{folder.Path}"), seed: 1)), Checked: false)
        {
            Variants = DataFiles.AllMade("cifar-*"),
        },
        new(
            "arrays of NumPy",
            "arrays.npz",
            folder => System.IO.File.Copy(DataFiles.PathOf("arrays-keras.npz"), folder["arrays.npz"]),
            folder => Hashes(DatasetCatalog.Load(TestImages.Options($"npz:{folder["arrays.npz"]}"), seed: 1)),
            Checked: false) { Variants = DataFiles.AllMade("arrays*.npz") },
        Archive("EDM's zip", "zip", DataFiles.Made("edm-compressed.zip")) with { Variants = DataFiles.AllMade("*.zip") },
        Archive("tar of WebDataset", "tar", DataFiles.Unpacked("shard-pax.tar")) with { Variants = [DataFiles.Unpacked("shard-gnu.tar"), DataFiles.Unpacked("shard-ustar.tar")] },
        Archive("tar of WebDataset, compressed", "tar", DataFiles.Made("shard-ustar.tar.gz"), ".tar.gz") with { Variants = DataFiles.AllMade("*.tar.gz") },
        Archive("Parquet", "parquet", DataFiles.Made("hub.parquet")) with { Variants = DataFiles.AllMade("*.parquet") },
        Archive("Parquet, second version", "parquet", DataFiles.Made("hub-gzip.parquet")) with { Variants = DataFiles.AllMade("*.parquet") },
        Image("PNG", ".png", TestImages.Png(3, 9, 9), isChecked: true),
        Image("JPEG", ".jpg", Encoded(SKEncodedImageFormat.Jpeg), isChecked: false),
        Image("WebP", ".webp", Encoded(SKEncodedImageFormat.Webp), isChecked: false),
        Image("BMP", ".bmp", DataFiles.Bmp(9, 9, (x, y) => ((byte)x, (byte)y, 0)), isChecked: false),
        Image("GIF", ".gif", DataFiles.TwoFrameGif, isChecked: false),
        Labels("label list", "class0/image, 0.png\nclass1/image, 1.png\nclass2/image, 2.png"),
        Labels("label table", "index,label,file\n0,0,\"class0/image, 0.png\"\n1,1,\"class1/image, 1.png\"\n2,2,\"class2/image, 2.png\""),
        new(
            "pseudo-labels",
            "pseudo-labels.csv",
            folder => PseudoLabelFile.Save(folder["pseudo-labels.csv"], _train, new PseudoLabels([0, 1, 2, 0, 1, 2], [1, 0.5f, 0.25f, 0.125f, 1, 0.875f])),
            folder =>
            {
                var read = PseudoLabelFile.Load(folder["pseudo-labels.csv"], _train);
                Assert.That(PseudoLabelFile.ReadProbabilities(folder["pseudo-labels.csv"]), Is.EqualTo(read.Probabilities));
                return $"{string.Join(' ', read.Labels)} {string.Join(' ', read.Probabilities)}";
            },
            Checked: false),
        new(
            "weights",
            "weights.safetensors",
            folder => StateDict.Save(folder["weights.safetensors"], new Dictionary<string, (TensorShape, float[])>
            {
                ["a.weight"] = (new TensorShape(2, 3), [1, 2, 3, 4, 5, 6]),
                ["a.bias"] = (new TensorShape(3), [7, 8, 9]),
            }),
            folder => string.Join(';', StateDict.Load(folder["weights.safetensors"]).OrderBy(tensor => tensor.Key, StringComparer.Ordinal)
                .Select(tensor => $"{tensor.Key} {tensor.Value.Shape} {string.Join(' ', tensor.Value.Values)}")),
            Checked: false),
        Weights("weights of PyTorch", "weights.pth", WeightFiles.PathOf("msn.pth")) with { Variants = WeightFiles.All("*.p*") },
        Weights("weights of PyTorch before 1.6", "weights.pth", WeightFiles.PathOf("msn-legacy.pth")) with { Variants = WeightFiles.All("*-legacy.pth") },
        new(
            "array of NumPy",
            "array.npy",
            folder => System.IO.File.Copy(WeightFiles.PathOf("uvit-t.npy"), folder["array.npy"]),
            folder => string.Join(' ', NpyFile.ReadFloats(folder["array.npy"]).Values),
            Checked: false) { Variants = WeightFiles.All("*.npy") },
        new(
            "moments",
            "moments.npz",
            folder => MomentsFile.Save(folder["moments.npz"], FeatureMoments.Of([1, 2, 5, 4, 3, 0.25f, 7, 7], 2)),
            folder =>
            {
                var read = MomentsFile.Load(folder["moments.npz"]);
                return $"{string.Join(' ', read.Mean.ToArray())} {string.Join(' ', read.Covariance())}";
            },
            Checked: false),
        new(
            "moments of an autoencoder",
            "moments.safetensors",
            folder => MomentsMaker.Write(folder["moments.safetensors"]),
            folder =>
            {
                using var stored = StoredMoments.Open(folder["moments.safetensors"]);
                var last = new float[2 * stored.Length];
                stored.Read(stored.Count - 1, isCopy: true, last);
                return $"{stored.Count} {stored.Channels} {stored.Side} {stored.Autoencoder} {stored.Images} {string.Join(' ', last)}";
            },
            Checked: false),
        new(
            "table of labels",
            "labels.csv",
            folder => folder.Write("labels.csv", "file,label\na.png,cat\n\"b, c.png\",dog\n"),
            folder => string.Join(' ', LabelTable.Load(folder["labels.csv"]).LabelsOf(["a.png", "b, c.png", "d.png"])),
            Checked: false),
        new("image shard", "shard-001-00000.safetensors", WriteShards, ReadShards, Checked: false),
        new("plan of image shards", "shards.json", WriteShards, ReadShards, Checked: false) { Names = "dpt-test-" },
        new(
            "manifest",
            "manifest.json",
            folder => JsonFiles.Save(folder["manifest.json"], new StageManifest
            {
                Stage = "stage-1-classifier",
                Origin = new StageOrigin(
                    new Dictionary<string, string> { ["stage1.steps"] = "20" },
                    new Dictionary<string, string> { ["train"] = "abc" }),
                Machines = ["engine 0.1.0 on host"],
                Outputs = [new StageOutput("classifier.safetensors", 12, "def")],
                Seconds = 1.5,
                PeakMemoryBytes = 4096,
            }),
            folder =>
            {
                var read = JsonFiles.Load<StageManifest>(folder["manifest.json"]);
                return $"{read} {string.Join(' ', read.Origin.Given)} {string.Join(' ', read.Origin.Made)} "
                    + $"{string.Join(' ', read.Machines)} {string.Join(' ', read.Outputs)}";
            },
            Checked: false),
    ];

    /// <summary>What is wrong with how a file was refused: not in one line that names it, or by a fault of ours. Null for nothing.</summary>
    /// <param name="refused">What the reader threw.</param>
    /// <param name="set">What may be named instead, as files that are whole may contradict each other; null for nothing.</param>
    public string? FaultOf(Exception refused, string? set = null) => refused switch
    {
        not (DptException { Kind: FailureKind.Check or FailureKind.Environment } or InvalidDataException or IOException) => "is a fault of the program",
        _ when !refused.Message.Contains(Names ?? Path.GetFileName(File), StringComparison.Ordinal) && !(set is not null && refused.Message.Contains(set, StringComparison.Ordinal)) => "does not name the file",
        _ when refused.Message.Contains('\n', StringComparison.Ordinal) => "is more than a line",
        _ when refused.Message.Length >= LongestMessage => "is too long",
        _ => null,
    };

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static HostileReader Idx(string name, string file, bool compressed) => new(
        name,
        file,
        folder =>
        {
            DataFiles.WriteIdx(folder, "train", 3, [.. Enumerable.Range(0, 54).Select(i => (byte)i)], [0, 1, 2, 0, 1, 2]);
            DataFiles.WriteIdx(folder, "t10k", 3, [.. Enumerable.Range(0, 27).Select(i => (byte)i)], [0, 1, 2]);
            Compress(folder, compressed);
        },
        folder => Hashes(DatasetCatalog.Load(TestImages.Options($"mnist:{folder.Path}"), seed: 1)),
        Checked: compressed);

    private static HostileReader Cifar(string name, string file, bool compressed) => new(
        name,
        file,
        folder =>
        {
            for (var batch = 1; batch <= 6; batch++)
            {
                folder.Write(
                    batch == 6 ? "test_batch.bin" : $"data_batch_{batch}.bin",
                    [.. Enumerable.Range(0, 10).SelectMany(label => DataFiles.CifarRecord(label, batch))]);
            }

            Compress(folder, compressed);
        },
        folder => Hashes(DatasetCatalog.Load(TestImages.Options($"cifar10:{folder.Path}"), seed: 1)),
        Checked: compressed);

    private static HostileReader Archive(string name, string kind, byte[] content, string? ending = null) => new(
        name,
        $"set{ending ?? $".{kind}"}",
        folder => folder.Write($"set{ending ?? $".{kind}"}", content),
        folder => Hashes(DatasetCatalog.Load(TestImages.Options($"{kind}:{folder[$"set{ending ?? $".{kind}"}"]}"), seed: 1)),
        Checked: false);

    private static HostileReader Weights(string name, string file, string path) => new(
        name,
        file,
        folder => System.IO.File.Copy(path, folder[file]),
        folder => string.Join(';', WeightFile.Read(folder[file]).OrderBy(tensor => tensor.Key, StringComparer.Ordinal)
            .Select(tensor => $"{tensor.Key} {string.Join(' ', tensor.Value.Shape)} {string.Join(' ', tensor.Value.Values)}")),
        Checked: false);

    private static HostileReader Image(string name, string extension, byte[] content, bool isChecked) => new(
        name,
        $"train/a/damaged{extension}",
        folder =>
        {
            folder.Write($"train/a/damaged{extension}", content);
            folder.Write("train/b/1.png", TestImages.Png(3, 9, 9));
            folder.Write("test/a/1.png", TestImages.Png(3, 9, 9));
        },
        folder => Hashes(DatasetCatalog.Load(TestImages.Options($"folder:{folder.Path}") with { ImageSize = 9 }, seed: 1)),
        isChecked) { IsListed = true };

    private static HostileReader Labels(string name, string text) => new(
        name,
        "labels.txt",
        folder => folder.Write("labels.txt", text),
        folder => LabelSplit.Load(folder["labels.txt"], _train).Hash,
        Checked: false);

    private static void WriteShards(TemporaryFolder folder)
    {
        var shards = ImageShards.BeginOrResume(folder.Path, _plan, new SilentObserver());
        foreach (var shard in shards.All.ToArray())
        {
            shards.Write(shard, [.. Enumerable.Range(0, 12).Select(i => (byte)(i + (100 * shard.Label)))]);
        }
    }

    private static string ReadShards(TemporaryFolder folder)
    {
        var shards = ImageShards.Open(folder.Path);
        return $"{shards.Plan} {shards.Load("pseudo", ["zero", "one"]).Hash}";
    }

    private static string Hashes(DatasetPair pair) => $"{pair.Train.Hash} {pair.Test.Hash}";

    private static byte[] Encoded(SKEncodedImageFormat format)
    {
        using var bitmap = SKBitmap.Decode(TestImages.Png(3, 9, 9));
        using var data = bitmap.Encode(format, 90);
        return data.ToArray();
    }

    private static void Compress(TemporaryFolder folder, bool compressed)
    {
        foreach (var path in compressed ? Directory.GetFiles(folder.Path) : [])
        {
            using (var target = new GZipStream(System.IO.File.Create(path + ".gz"), CompressionLevel.Optimal))
            {
                target.Write(System.IO.File.ReadAllBytes(path));
            }

            System.IO.File.Delete(path);
        }
    }
}
