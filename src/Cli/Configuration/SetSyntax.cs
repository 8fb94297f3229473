using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Reads <c>key=value[,key=value…]</c>. A value that holds a comma goes into a file.</summary>
internal static class SetSyntax
{
    /// <summary>The assignments in their order.</summary>
    /// <exception cref="DptException">A part has no <c>=</c> or no key.</exception>
    public static IEnumerable<Assignment> Parse(string text, string origin)
    {
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var at = part.IndexOf('=');
            if (at <= 0)
            {
                throw new DptException(FailureKind.Usage, $"{origin}: '{part}' is not of the form key=value");
            }

            yield return new Assignment(part[..at].Trim(), part[(at + 1)..].Trim(), origin);
        }
    }
}
