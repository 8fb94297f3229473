using System.Globalization;

namespace DPT.Engine.Ptx;

/// <summary>
/// Puts variables of local memory into registers where every access is at a known place: ILGPU keeps small arrays in
/// memory even if all their indices are constants. A variable stays as it is if its address goes anywhere but to loads
/// and stores, if accesses overlap or differ in width, or if they convert.
/// </summary>
internal static class PromoteLocals
{
    public static PtxModule Apply(PtxModule module) => module with { Functions = [.. module.Functions.Select(Apply)] };

    private static PtxFunction Apply(PtxFunction function)
    {
        var variables = function.Statements.OfType<PtxVariable>().Where(v => v.Space == ".local").ToList();
        if (variables.Count == 0)
        {
            return function;
        }

        var addresses = new LocalAddresses(function, variables.Select(v => v.Name));
        var types = new PtxRegisterTypes(function);
        var promoted = variables
            .Where(v => !addresses.Escaped.Contains(v.Name))
            .Select(v => (v.Name, Slots: Slots(v, addresses, types)))
            .Where(v => v.Slots is not null)
            .ToDictionary(v => v.Name, v => v.Slots!);
        return function with { Body = PtxBody.Rewrite(function.Body!, Replace) };

        IEnumerable<PtxStatement> Replace(PtxStatement statement) => statement switch
        {
            PtxVariable variable when promoted.TryGetValue(variable.Name, out var slots) => Registers(variable.Name, slots),
            PtxInstruction i when addresses.Accesses.TryGetValue(i, out var slot) && promoted.ContainsKey(slot.Variable) =>
                Copies(i, slot),
            PtxInstruction i when addresses.Computations.TryGetValue(i, out var name) && promoted.ContainsKey(name) => [],
            _ => [statement],
        };
    }

    /// <summary>Width of every place that is accessed, by its offset; null if they do not make registers.</summary>
    private static SortedDictionary<long, int>? Slots(PtxVariable variable, LocalAddresses addresses, PtxRegisterTypes types)
    {
        var widths = new SortedDictionary<long, int>();
        foreach (var (access, slot) in addresses.Accesses.Where(a => a.Value.Variable == variable.Name))
        {
            var width = PtxType.Bytes(access.Type);
            foreach (var (value, offset) in Values(access).Select((v, i) => (v, slot.Offset + (i * width))))
            {
                var converts = value is PtxName name && types[name.Name] is var type
                    && (type.Length == 0 || PtxType.Bytes(type) != width);
                if (width < 4 || converts || (widths.TryGetValue(offset, out var other) && other != width))
                {
                    return null;
                }

                widths[offset] = width;
            }
        }

        var ends = widths.Select(w => w.Key + w.Value).Prepend(0);
        var isApart = widths.Keys.Append(variable.Bytes).Zip(ends).All(p => p.First >= p.Second);
        return isApart ? widths : null;
    }

    private static IEnumerable<PtxStatement> Registers(string variable, SortedDictionary<long, int> slots) =>
        slots.Select(s => new PtxRegisters(s.Value == 4 ? ".b32" : ".b64", Register(variable, s.Key), null));

    private static IEnumerable<PtxInstruction> Copies(PtxInstruction access, LocalAddress.Slot slot)
    {
        var width = PtxType.Bytes(access.Type);
        foreach (var (value, index) in Values(access).Select((v, i) => (v, i)))
        {
            var register = new PtxName(Register(slot.Variable, slot.Offset + (index * width)));
            yield return new PtxInstruction(
                access.Guard, "mov" + access.Type, access.Name == "ld" ? [value, register] : [register, value])
            {
                Line = access.Line,
                Origin = access.Origin,
            };
        }
    }

    private static IReadOnlyList<PtxOperand> Values(PtxInstruction access) =>
        access.Operands.First(o => o is not PtxAddress) is var value && value is PtxVector vector ? vector.Items : [value];

    private static string Register(string variable, long offset) =>
        string.Create(CultureInfo.InvariantCulture, $"%{variable.Trim('_')}_{offset}");
}
