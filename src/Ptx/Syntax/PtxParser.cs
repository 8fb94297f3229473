using System.Globalization;

namespace DPT.Engine.Ptx;

/// <summary>PTX text to its tree: what ILGPU prints, and what inline assembly uses.</summary>
public sealed class PtxParser
{
    private static readonly string[] Linkages = [".visible", ".extern", ".weak"];
    private static readonly string[] Spaces = [".shared", ".local", ".param", ".global", ".const"];

    private readonly List<PtxToken> _tokens;
    private readonly Dictionary<int, string> _files;
    private PtxOrigin? _origin;
    private int _at;

    private PtxParser(List<PtxToken> tokens)
    {
        _tokens = tokens;
        _files = Files(tokens);
    }

    private string Next => _at < _tokens.Count ? _tokens[_at].Text : "";

    private int Line => _tokens.Count == 0 ? 1 : _tokens[Math.Min(_at, _tokens.Count - 1)].Line;

    /// <summary>Parses a module.</summary>
    /// <exception cref="PtxException">The text is not of this language; the message names the line.</exception>
    public static PtxModule Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new PtxParser(PtxLexer.Tokens(text)).Module();
    }

    private PtxModule Module()
    {
        Expect(".version");
        var version = Take();
        Expect(".target");
        var target = Take();
        while (TryTake(","))
        {
            target += ", " + Take();
        }

        Expect(".address_size");
        var addressSize = Integer();
        var variables = new List<PtxVariable>();
        var functions = new List<PtxFunction>();
        while (_at < _tokens.Count)
        {
            if (TrySkipDebugInformation())
            {
                continue;
            }

            var linkage = Linkages.Contains(Next) ? Take() : "";
            if (Next is ".entry" or ".func")
            {
                functions.Add(Function(linkage));
            }
            else
            {
                variables.Add(Variable(linkage));
                Expect(";");
            }
        }

        return new PtxModule(version, target, addressSize, variables, functions);
    }

    /// <summary>Files stand behind the functions whose lines refer to them.</summary>
    private static Dictionary<int, string> Files(List<PtxToken> tokens)
    {
        var files = new Dictionary<int, string>();
        for (var at = 0; at + 2 < tokens.Count; at++)
        {
            if (tokens[at].Text == ".file" && int.TryParse(tokens[at + 1].Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                files[number] = tokens[at + 2].Text.Trim('"');
            }
        }

        return files;
    }

    private bool TrySkipDebugInformation()
    {
        if (TryTake(".file"))
        {
            Integer();
            Take();
            return true;
        }

        if (!Next.StartsWith(".section", StringComparison.Ordinal))
        {
            return false;
        }

        while (Take() != "}")
        {
        }

        return true;
    }

    /// <summary>The column is of no use.</summary>
    private void Origin()
    {
        Expect(".loc");
        var file = Integer();
        _origin = new PtxOrigin(
            _files.TryGetValue(file, out var name) ? name : throw new PtxException($"PTX line {Line}: there is no .file {file}"), Integer());
        Integer();
    }

    private PtxFunction Function(string linkage)
    {
        _origin = null;
        var isEntry = Take() == ".entry";
        var results = Next == "(" ? Parameters() : [];
        var name = Take();
        var parameters = Next == "(" ? Parameters() : [];
        var directives = new List<PtxDirective>();
        while (Next.StartsWith('.'))
        {
            directives.Add(Directive());
        }

        var body = Next == "{" ? Body() : null;
        if (body is null)
        {
            Expect(";");
        }

        return new PtxFunction(isEntry, linkage, name, results, parameters, directives, body);
    }

    private PtxDirective Directive()
    {
        var name = Take();
        var values = new List<int>();
        if (Next.Length > 0 && char.IsAsciiDigit(Next[0]))
        {
            do
            {
                values.Add(Integer());
            }
            while (TryTake(","));
        }

        return new PtxDirective(name, values);
    }

    private List<PtxVariable> Parameters()
    {
        Expect("(");
        var parameters = new List<PtxVariable>();
        while (!TryTake(")"))
        {
            if (parameters.Count > 0)
            {
                Expect(",");
            }

            parameters.Add(Variable(""));
        }

        return parameters;
    }

    private PtxVariable Variable(string linkage)
    {
        var line = Line;
        var space = Spaces.Contains(Next) || Next == ".reg"
            ? Take()
            : throw Unexpected("a variable");
        int? alignment = TryTake(".align") ? Integer() : null;
        var type = Take();
        var name = Take();
        int? length = null;
        if (TryTake("["))
        {
            length = Next == "]" ? 0 : Integer();
            Expect("]");
        }

        return new PtxVariable(linkage, space, alignment, type, name, length) { Line = line };
    }

    private List<PtxStatement> Body()
    {
        Expect("{");
        var statements = new List<PtxStatement>();
        while (!TryTake("}"))
        {
            if (Next == ".loc")
            {
                Origin();
            }
            else if (!TryTake(";"))
            {
                statements.Add(Statement());
            }
        }

        return statements;
    }

    private PtxStatement Statement()
    {
        var line = Line;
        if (Next == "{")
        {
            return new PtxBlock(Body()) { Line = line };
        }

        if (Next == ".reg")
        {
            return Registers();
        }

        if (Spaces.Contains(Next))
        {
            var variable = Variable("");
            Expect(";");
            return variable;
        }

        if (_at + 1 < _tokens.Count && _tokens[_at + 1].Text == ":")
        {
            return Label();
        }

        return Instruction();
    }

    private PtxStatement Label()
    {
        var line = Line;
        var name = Take();
        Expect(":");
        if (!TryTake(".branchtargets"))
        {
            return new PtxLabel(name) { Line = line };
        }

        var labels = new List<string>();
        do
        {
            labels.Add(Take());
        }
        while (TryTake(","));
        Expect(";");
        return new PtxBranchTargets(name, labels) { Line = line };
    }

    private PtxRegisters Registers()
    {
        var line = Line;
        Expect(".reg");
        var type = Take();
        var name = Take();
        int? count = null;
        if (TryTake("<"))
        {
            count = Integer();
            Expect(">");
        }

        Expect(";");
        return new PtxRegisters(type, name, count) { Line = line };
    }

    private PtxInstruction Instruction()
    {
        var line = Line;
        PtxGuard? guard = null;
        if (TryTake("@"))
        {
            var isNegated = TryTake("!");
            guard = new PtxGuard(Take(), isNegated);
        }

        var opcode = Take();
        var operands = new List<PtxOperand>();
        while (!TryTake(";"))
        {
            if (operands.Count > 0)
            {
                Expect(",");
            }

            operands.Add(Operand());
        }

        return new PtxInstruction(guard, opcode, operands) { Line = line, Origin = _origin };
    }

    private PtxOperand Operand()
    {
        var first = SimpleOperand();
        return TryTake("|") ? new PtxPair(first, SimpleOperand()) : first;
    }

    private PtxOperand SimpleOperand()
    {
        if (TryTake("{"))
        {
            return new PtxVector(ListUntil("}"));
        }

        if (TryTake("("))
        {
            return new PtxArguments(ListUntil(")"));
        }

        if (TryTake("["))
        {
            return Address();
        }

        if (TryTake("!"))
        {
            return new PtxName(Take(), IsNegated: true);
        }

        return NameOrNumber();
    }

    private PtxAddress Address()
    {
        var start = NameOrNumber();
        var offset = 0L;
        if (TryTake("+"))
        {
            offset = unchecked((long)Number().Bits);
        }
        else if (Next == "-")
        {
            offset = unchecked((long)Number().Bits);
        }

        PtxVector? coordinates = null;
        if (TryTake(","))
        {
            Expect("{");
            coordinates = new PtxVector(ListUntil("}"));
        }

        Expect("]");
        return new PtxAddress(start, offset, coordinates);
    }

    private List<PtxOperand> ListUntil(string end)
    {
        var items = new List<PtxOperand>();
        while (!TryTake(end))
        {
            if (items.Count > 0)
            {
                Expect(",");
            }

            items.Add(Operand());
        }

        return items;
    }

    private PtxOperand NameOrNumber() =>
        Next == "-" || (Next.Length > 0 && char.IsAsciiDigit(Next[0])) ? Number() : new PtxName(Take());

    private PtxNumber Number()
    {
        var sign = TryTake("-") ? "-" : "";
        return new PtxNumber(sign + Take());
    }

    private int Integer()
    {
        var text = Take();
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new PtxException($"PTX line {Line}: '{text}' stands where an integer must");
    }

    private string Take() => _at < _tokens.Count ? _tokens[_at++].Text : throw Unexpected("more");

    private bool TryTake(string text)
    {
        if (Next != text)
        {
            return false;
        }

        _at++;
        return true;
    }

    private void Expect(string text)
    {
        if (!TryTake(text))
        {
            throw Unexpected($"'{text}'");
        }
    }

    private PtxException Unexpected(string wanted) =>
        new($"PTX line {Line}: {(_at < _tokens.Count ? $"'{Next}'" : "the end")} stands where {wanted} must");
}
