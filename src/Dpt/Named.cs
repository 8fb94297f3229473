namespace DPT.Engine.Dpt;

/// <summary>Catalogues: things by the name that settings give.</summary>
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

    /// <summary>Adds an item of somebody else's.</summary>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    public static void Add<T>(List<T> items, Func<T, string> nameOf, T item, string what) where T : class
    {
        ArgumentNullException.ThrowIfNull(item);
        if (items.Exists(other => nameOf(other) == nameOf(item)))
        {
            throw new ArgumentException($"the name '{nameOf(item)}' is taken by another {what}", nameof(item));
        }

        items.Add(item);
    }
}
