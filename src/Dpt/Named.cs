namespace DPT.Engine.Dpt;

/// <summary>Looks things up by the name that settings give.</summary>
internal static class Named
{
    /// <summary>The item of that name.</summary>
    /// <param name="items">All there are.</param>
    /// <param name="nameOf">The name of an item.</param>
    /// <param name="name">The name asked for.</param>
    /// <param name="what">What an item is, for the message.</param>
    /// <exception cref="DptException">Usage: there is none; the message lists those that exist.</exception>
    public static T Find<T>(IEnumerable<T> items, Func<T, string> nameOf, string name, string what) where T : class =>
        items.FirstOrDefault(item => nameOf(item) == name)
        ?? throw new DptException(
            FailureKind.Usage, $"unknown {what} '{name}'; there {(items.Count() == 1 ? "is" : "are")} {string.Join(", ", items.Select(nameOf))}");
}
