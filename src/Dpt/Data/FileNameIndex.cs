namespace DPT.Engine.Dpt;

/// <summary>Finds images by path or, where that is unique, by file name alone.</summary>
internal sealed class FileNameIndex
{
    private const int Ambiguous = -1;

    private readonly Dictionary<string, int> _positions = new(StringComparer.Ordinal);

    public FileNameIndex(IReadOnlyList<string> names)
    {
        for (var i = 0; i < names.Count; i++)
        {
            var name = names[i][(names[i].LastIndexOf('/') + 1)..];
            _positions[name] = _positions.ContainsKey(name) ? Ambiguous : i;
        }

        for (var i = 0; i < names.Count; i++)
        {
            _positions[names[i]] = i;
        }
    }

    public int? Find(string name) =>
        _positions.TryGetValue(name, out var index) && index != Ambiguous ? index : null;
}
