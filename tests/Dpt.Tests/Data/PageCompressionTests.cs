namespace DPT.Engine.Dpt.Tests;

/// <summary>Whatever a library makes of a damaged page, it is damage of the file.</summary>
public sealed class PageCompressionTests
{
    private const int Length = 8;

    private static readonly byte[][] _pages =
    [
        [], [0], [0x80], [0xff, 0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff, 0x0f], [Length], [Length, 0x1c], [Length, 0xfc, 0xff, 0xff, 0xff, 0xff],
        [Length, 1, 0xff], [0x1f, 0x8b], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff], [0x28, 0xb5, 0x2f, 0xfd], [0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff],
    ];

    [Test]
    public void Unpack_APageThatIsNone_IsInvalidData([Values(1, 2, 6)] int codec, [ValueSource(nameof(_pages))] byte[] page) =>
        Assert.That(() => PageCompression.Unpack(codec, page, Length), Throws.InstanceOf<InvalidDataException>());
}
