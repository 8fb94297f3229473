namespace DPT.Engine.Dpt;

/// <summary>What a person should know of the reading of a data set: counted here, said once.</summary>
internal sealed class ReadingNotes
{
    private readonly SortedDictionary<string, int> _otherKinds = new(StringComparer.Ordinal);
    private readonly List<string> _lines = [];
    private Tally _links;
    private Tally _misnamed;
    private Tally _outside;

    /// <summary>The notes, one line each; none if all was as it should be.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            var lines = new List<string>(_lines);
            if (_otherKinds.Count > 0)
            {
                var kinds = string.Join(", ", _otherKinds.OrderByDescending(kind => kind.Value).Select(kind => $"{kind.Value} {kind.Key}"));
                lines.Add($"files left out because they hold no {ImageKind.Names} image: {kinds}");
            }

            AddTally(lines, _links, "links left out because what they lead to is in the set already");
            AddTally(lines, _misnamed, "images of another kind than their names say; the content decides");
            AddTally(lines, _outside, "images left out because they lie outside of class folders");
            return lines.ConvertAll(OneLine.Of);
        }
    }

    /// <summary>A note of its own.</summary>
    public void Say(string line) => _lines.Add(line);

    /// <summary>A file that is no image.</summary>
    public void OtherKind(string path)
    {
        var extension = Path.GetExtension(path).ToLowerInvariant();
        var kind = extension.Length > 1 ? extension : "without ending";
        _otherKinds[kind] = _otherKinds.GetValueOrDefault(kind) + 1;
    }

    /// <summary>A link to what is there already.</summary>
    public void LinkLeftOut(string path) => _links.Add(path);

    /// <summary>An image of another kind than its name says.</summary>
    public void Misnamed(string path, ImageKind content) => _misnamed.Add($"{path} is {content.Name}");

    /// <summary>An image that has no class.</summary>
    public void OutsideOfClasses(string path) => _outside.Add(path);

    private static void AddTally(List<string> lines, Tally tally, string what)
    {
        if (tally.Count > 0)
        {
            lines.Add($"{what}: {tally.Count}, the first is {tally.First}");
        }
    }

    private struct Tally
    {
        public string First { get; private set; }

        public int Count { get; private set; }

        public void Add(string item)
        {
            First ??= item;
            Count++;
        }
    }
}
