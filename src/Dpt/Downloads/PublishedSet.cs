namespace DPT.Engine.Dpt;

/// <summary>A data set that can be had from where it is published.</summary>
public sealed class PublishedSet
{
    private readonly string _kind;

    internal PublishedSet(string name, string kind, Uri address, PublishedFile[] files) => (Name, _kind, Address, Files) = (name, kind, address, files);

    /// <summary>
    /// The sets. Sizes and SHA-256 are those that TensorFlow Datasets checks (<c>url_checksums</c>). MNIST's first address serves it no longer;
    /// this is the copy that TensorFlow Datasets takes.
    /// </summary>
    public static IReadOnlyList<PublishedSet> All { get; } =
    [
        new("mnist", "mnist", new("https://storage.googleapis.com/cvdf-datasets/mnist/"),
        [
            new("train-images-idx3-ubyte.gz", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            new("train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            new("t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            new("t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ]),
        new("fashion-mnist", "mnist", new("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
        [
            new("train-images-idx3-ubyte.gz", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            new("train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            new("t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            new("t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ]),
        new("cifar10", "cifar10", new("https://www.cs.toronto.edu/~kriz/"),
            [new("cifar-10-binary.tar.gz", 170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")]),
        new("cifar100", "cifar100", new("https://www.cs.toronto.edu/~kriz/"),
            [new("cifar-100-binary.tar.gz", 168513733, "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec")]),
    ];

    /// <summary>Name of the set.</summary>
    public string Name { get; }

    /// <summary>Where its files are.</summary>
    public Uri Address { get; }

    /// <summary>What has to be brought, in bytes.</summary>
    public long Bytes => Files.Sum(file => file.Bytes);

    internal IReadOnlyList<PublishedFile> Files { get; }

    /// <summary>The set of that name.</summary>
    /// <exception cref="DptException">Usage: there is none.</exception>
    public static PublishedSet Find(string name) => All.FirstOrDefault(set => set.Name == name)
        ?? throw new DptException(FailureKind.Usage, $"there is no data set '{name}' to get; it must be one of: {string.Join(", ", All.Select(set => set.Name))}");

    /// <summary>How <c>--data</c> names the set in a folder.</summary>
    public string Spec(string folder) => $"{_kind}:{folder}";

    /// <summary>
    /// Brings the set into a folder, which appears whole or not at all. What has come when it fails or is stopped stays beside it, in a folder
    /// that ends in <c>.part</c>, and the next call goes on from there.
    /// </summary>
    /// <param name="folder">A folder that does not exist yet.</param>
    /// <param name="from">Where the files are, if not at <see cref="Address"/>: <c>http</c> or <c>https</c>.</param>
    /// <param name="observer">Hears how far it is.</param>
    /// <param name="stop">Stops it.</param>
    /// <exception cref="DptException">
    /// Environment: the folder exists or cannot be written, or a file is not there, does not come, or ends early. Check: a file is another one
    /// than was published.
    /// </exception>
    public void Save(string folder, Uri? from, IRunObserver observer, CancellationToken stop) =>
        new SetDownload(this, from ?? Address, folder, observer).Run(stop);
}

/// <summary>A file of a published set.</summary>
/// <param name="Name">Its name at the address.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its hash, in hexadecimal.</param>
internal sealed record PublishedFile(string Name, long Bytes, string Sha256);
