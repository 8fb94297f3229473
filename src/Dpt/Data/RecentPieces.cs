namespace DPT.Engine.Dpt;

/// <summary>
/// What archives unpack in pieces of many images: images are read about in their order, so that few pieces have to be kept for each to be
/// unpacked once. From any thread.
/// </summary>
internal sealed class RecentPieces
{
    /// <summary>One that is being left and one that is being entered.</summary>
    private const int Kept = 2;

    private readonly Lock _lock = new();
    private (object Source, Lazy<object> Piece)[] _pieces = [];

    /// <summary>A piece; a failure to unpack it is kept as well.</summary>
    /// <param name="source">What it is unpacked from.</param>
    /// <param name="unpack">Unpacks it.</param>
    public T Of<T>(object source, Func<T> unpack)
        where T : class => (T)Find(source, unpack).Value;

    private Lazy<object> Find(object source, Func<object> unpack)
    {
        lock (_lock)
        {
            if (Array.Find(_pieces, piece => piece.Source == source).Piece is { } known)
            {
                return known;
            }

            var piece = new Lazy<object>(unpack);
            _pieces = [(source, piece), .. _pieces.Take(Kept - 1)];
            return piece;
        }
    }
}
