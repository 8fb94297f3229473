namespace DPT.Engine.Dpt;

/// <summary>Checks of what a user asked for.</summary>
internal static class Usage
{
    /// <summary>Throws unless something holds.</summary>
    /// <exception cref="DptException">Usage.</exception>
    public static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new DptException(FailureKind.Usage, otherwise);
        }
    }
}
