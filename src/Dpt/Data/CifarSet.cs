namespace DPT.Engine.Dpt;

/// <summary>A published set of coloured images of 32x32 pixels.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ClassNames">Its classes in their order.</param>
/// <param name="Train">Names of the files with training images, in their order, without endings.</param>
/// <param name="Test">Name of the file with test images, likewise.</param>
/// <param name="Folders">The folders that its archives unpack into: of the binary version, then of that for Python.</param>
/// <param name="LabelBytes">Bytes before the pixels of a binary record, the last of which is the class.</param>
/// <param name="LabelKey">Where the version for Python has the classes.</param>
internal sealed record CifarSet(
    string Name, string[] ClassNames, string[] Train, string Test, string[] Folders, int LabelBytes, string LabelKey)
{
    /// <summary>Side of the images.</summary>
    public const int Side = 32;

    /// <summary>Bytes of an image.</summary>
    public const int ImageBytes = 3 * Side * Side;

    /// <summary>Images that a file may have.</summary>
    public const int MostImages = 100_000;

    /// <summary>Ten classes.</summary>
    public static CifarSet Ten { get; } = new(
        "cifar10",
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
        ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"],
        "test_batch",
        ["cifar-10-batches-bin", "cifar-10-batches-py"],
        LabelBytes: 1,
        "labels");

    /// <summary>A hundred classes, the fine ones; what they have in common is left out.</summary>
    public static CifarSet Hundred { get; } = new(
        "cifar100",
        [
            "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
            "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
            "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur",
            "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard",
            "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
            "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
            "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket",
            "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
            "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
            "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
        ],
        ["train"],
        "test",
        ["cifar-100-binary", "cifar-100-python"],
        LabelBytes: 2,
        "fine_labels");
}
