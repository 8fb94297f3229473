namespace DPT.Engine.Dpt;

/// <summary>Running means of named measures between two log lines.</summary>
internal sealed class MetricMeans
{
    private readonly Dictionary<string, (double Sum, int Count)> _sums = [];

    public void Add(string name, double value)
    {
        var (sum, count) = _sums.GetValueOrDefault(name);
        _sums[name] = (sum + value, count + 1);
    }

    /// <summary>The means since the last call.</summary>
    public IReadOnlyList<(string Name, double Value)> Take()
    {
        var means = _sums.Select(p => (p.Key, p.Value.Sum / p.Value.Count)).ToList();
        _sums.Clear();
        return means;
    }
}
