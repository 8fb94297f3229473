namespace DPT.Engine.Ptx;

/// <summary>
/// How often warps run each machine instruction: an estimate from what the simulator counted of the text. Instructions run as often
/// as their block does, and a block as often as the text's instruction that an access, a barrier or a matrix product of it was made
/// of, divided by the copies that the assembler has made of it in unrolling. (Arithmetic alone tells little: it is moved out of
/// loops, and one instruction of the text becomes many.)
/// </summary>
public sealed class SassCounts
{
    private static readonly HashSet<string> Anchors =
        ["LDG", "STG", "LDS", "STS", "LDSM", "LDGSTS", "ATOM", "ATOMG", "ATOMS", "RED", "SHFL", "BAR", "HMMA", "HGMMA"];

    private readonly Dictionary<int, double> _byAddress = [];

    /// <summary>Estimates the counts.</summary>
    /// <param name="code">Machine code of a module.</param>
    /// <param name="ran">What the instructions of the same module did in launches in the simulator, all together.</param>
    public SassCounts(SassCode code, IEnumerable<SimInstruction> ran)
    {
        ArgumentNullException.ThrowIfNull(code);
        ArgumentNullException.ThrowIfNull(ran);
        var ofLine = ran.GroupBy(i => i.Line).ToDictionary(g => g.Key, g => g.Sum(i => i.Warps));
        var copies = code.Instructions.Where(IsReal).CountBy(i => (i.Line, i.Name)).ToDictionary();
        foreach (var block in code.Flow.Blocks())
        {
            var count = CountOf(block);
            foreach (var instruction in block)
            {
                _byAddress[instruction.Address] = IsReal(instruction) ? count : 0;
            }
        }

        double CountOf(IReadOnlyList<SassInstruction> block)
        {
            var known = block.Where(i => IsReal(i) && ofLine.ContainsKey(i.Line)).ToList();
            var anchors = known.Where(i => Anchors.Contains(i.Name)).Select(Of).ToList();
            var others = known.Select(Of).Order().ToList();
            return anchors.Count > 0 ? anchors.Max() : others.Count > 0 ? others[others.Count / 2] : 0;
        }

        double Of(SassInstruction i) => (double)ofLine[i.Line] / copies[(i.Line, i.Name)];
    }

    /// <summary>Times that warps run these instructions, all together.</summary>
    public double Sum(IEnumerable<SassInstruction> instructions) => instructions.Sum(i => _byAddress[i.Address]);

    /// <summary>Some are there for the assembler's own reasons and do nothing.</summary>
    private static bool IsReal(SassInstruction instruction) => instruction.Guard != "@!PT";
}
