using System.Text;

namespace DPT.Engine.Ptx;

/// <summary>The tree as text that an assembler takes.</summary>
internal static class PtxPrinter
{
    public static string Print(PtxModule module)
    {
        var text = new StringBuilder();
        text.AppendLine($".version {module.Version}");
        text.AppendLine($".target {module.Target}");
        text.AppendLine($".address_size {module.AddressSize}");
        foreach (var variable in module.Variables)
        {
            text.AppendLine().Append(Declaration(variable)).AppendLine(";");
        }

        foreach (var function in module.Functions)
        {
            text.AppendLine();
            Append(text, function);
        }

        return text.ToString();
    }

    public static string Print(PtxOperand operand) => operand switch
    {
        PtxName name => (name.IsNegated ? "!" : "") + name.Name,
        PtxNumber number => number.Text,
        PtxAddress { Offset: 0 } address => $"[{Print(address.Base)}]",
        PtxAddress address => $"[{Print(address.Base)}+{address.Offset}]",
        PtxVector vector => "{" + List(vector.Items) + "}",
        PtxArguments arguments => "(" + List(arguments.Items) + ")",
        PtxPair pair => $"{Print(pair.First)}|{Print(pair.Second)}",
        _ => throw new NotSupportedException(operand.GetType().Name),
    };

    public static string Print(PtxInstruction instruction)
    {
        var guard = instruction.Guard is { } g ? $"@{(g.IsNegated ? "!" : "")}{g.Register} " : "";
        var operands = instruction.Operands.Count == 0 ? "" : "\t" + List(instruction.Operands);
        return $"{guard}{instruction.Opcode}{operands};";
    }

    private static string List(IEnumerable<PtxOperand> operands) => string.Join(", ", operands.Select(Print));

    private static string Declaration(PtxVariable variable) => string.Join(' ', new[]
    {
        variable.Linkage,
        variable.Space,
        variable.Alignment is { } alignment ? $".align {alignment}" : "",
        variable.Type,
        variable.Name + variable.Length switch { null => "", 0 => "[]", var length => $"[{length}]" },
    }.Where(part => part.Length > 0));

    private static void Append(StringBuilder text, PtxFunction function)
    {
        text.Append(function.Linkage.Length > 0 ? function.Linkage + " " : "").Append(function.IsEntry ? ".entry " : ".func ");
        if (function.Results.Count > 0)
        {
            text.Append($"({string.Join(", ", function.Results.Select(Declaration))}) ");
        }

        text.AppendLine($"{function.Name}(")
            .AppendJoin(",\n", function.Parameters.Select(p => "\t" + Declaration(p)))
            .AppendLine().AppendLine(")");
        foreach (var directive in function.Directives)
        {
            text.AppendLine($"{directive.Name} {string.Join(", ", directive.Values)}");
        }

        if (function.Body is null)
        {
            text.AppendLine(";");
            return;
        }

        Append(text, function.Body, "");
    }

    private static void Append(StringBuilder text, IEnumerable<PtxStatement> statements, string indent)
    {
        text.Append(indent).AppendLine("{");
        foreach (var statement in statements)
        {
            if (statement is PtxBlock block)
            {
                Append(text, block.Statements, indent + "\t");
            }
            else
            {
                text.Append(indent).AppendLine(Line(statement));
            }
        }

        text.Append(indent).AppendLine("}");
    }

    private static string Line(PtxStatement statement) => statement switch
    {
        PtxLabel label => $"{label.Name}:",
        PtxRegisters registers => $"\t.reg {registers.Type} {registers.Name}"
            + (registers.Count is { } count ? $"<{count}>;" : ";"),
        PtxVariable variable => $"\t{Declaration(variable)};",
        PtxBranchTargets targets => $"{targets.Name}: .branchtargets {string.Join(", ", targets.Labels)};",
        PtxInstruction instruction => "\t" + Print(instruction),
        _ => throw new NotSupportedException(statement.GetType().Name),
    };
}
