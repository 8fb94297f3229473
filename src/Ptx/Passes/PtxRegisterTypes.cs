namespace DPT.Engine.Ptx;

/// <summary>The types of a function's registers, from its declarations.</summary>
internal sealed class PtxRegisterTypes
{
    private readonly Dictionary<string, string> _types = [];

    public PtxRegisterTypes(PtxFunction function)
    {
        foreach (var declared in function.Statements.OfType<PtxRegisters>())
        {
            _types[declared.Name] = declared.Type;
        }
    }

    /// <summary>The type with its dot, <c>.b32</c>; empty for what is not a register of the function.</summary>
    public string this[string register] =>
        _types.GetValueOrDefault(register) ?? _types.GetValueOrDefault(register.TrimEnd([.. "0123456789"]), "");
}
