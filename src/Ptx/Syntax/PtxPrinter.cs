using System.Text;

namespace DPT.Engine.Ptx;

/// <summary>The tree as text that an assembler takes.</summary>
internal static class PtxPrinter
{
    public static string Print(PtxModule module)
    {
        var text = new StringBuilder();
        var files = new Files();
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
            Append(text, function, files);
        }

        files.AppendTo(text);
        return text.ToString();
    }

    public static string Print(PtxOperand operand) => operand switch
    {
        PtxName name => (name.IsNegated ? "!" : "") + name.Name,
        PtxNumber number => number.Text,
        PtxAddress { Coordinates: { } at } address => $"[{Print(address.Base)}, {Print(at)}]",
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

    private static void Append(StringBuilder text, PtxFunction function, Files files)
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

        files.StartFunction();
        Append(text, function.Body, files, "");
    }

    private static void Append(StringBuilder text, IEnumerable<PtxStatement> statements, Files files, string indent)
    {
        text.Append(indent).AppendLine("{");
        foreach (var statement in statements)
        {
            if (statement is PtxBlock block)
            {
                Append(text, block.Statements, files, indent + "\t");
            }
            else
            {
                if (statement is PtxInstruction { Origin: { } origin } && files.Moves(origin) is { } moved)
                {
                    text.Append(indent).AppendLine(moved);
                }

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

    /// <summary>The files that instructions come from, numbered as they are met, and where the text is in them.</summary>
    private sealed class Files
    {
        private readonly List<string> _names = [];
        private PtxOrigin? _last;

        /// <summary>Forgets the place: what a function starts with need not come from anywhere.</summary>
        public void StartFunction() => _last = null;

        /// <summary>The line that says that the next instructions come from elsewhere; null if they do not.</summary>
        public string? Moves(PtxOrigin origin)
        {
            if (origin == _last)
            {
                return null;
            }

            _last = origin;
            if (!_names.Contains(origin.File))
            {
                _names.Add(origin.File);
            }

            return $"\t.loc {_names.IndexOf(origin.File) + 1} {origin.Line} 0";
        }

        public void AppendTo(StringBuilder text)
        {
            foreach (var (i, name) in _names.Index())
            {
                text.Append(i == 0 ? "\n" : "").AppendLine($".file {i + 1} \"{name}\"");
            }
        }
    }
}
