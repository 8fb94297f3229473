using System.Globalization;
using System.Text.Json;

namespace DPT.Engine.Cli;

/// <summary>
/// One setting: its name and which values it takes. Values are <see cref="int"/>, <see cref="double"/>,
/// <see cref="bool"/>, <see cref="string"/> or null.
/// </summary>
internal abstract record ConfigKey(string Name)
{
    /// <summary>Whether null is a value.</summary>
    public bool Optional { get; init; }

    /// <summary>The values in words, for messages: <c>a whole number 1..512</c>.</summary>
    public string Allowed => Kind + (Optional ? " or null" : "");

    /// <summary>What the program holds for this key.</summary>
    public abstract Type Type { get; }

    protected abstract string Kind { get; }

    /// <summary>Reads a value given as text: by a flag, by --set or by the environment.</summary>
    public bool TryRead(string text, out object? value)
    {
        value = null;
        return Optional && text == "null" || TryParse(text, out value);
    }

    /// <summary>Reads a value given in a JSON file; a number in quotes is not a number.</summary>
    public bool TryRead(JsonElement element, out object? value)
    {
        value = null;
        return element.ValueKind switch
        {
            JsonValueKind.Null => Optional,
            JsonValueKind.String => Type == typeof(string) && TryParse(element.GetString()!, out value),
            JsonValueKind.Number => Type == typeof(int) | Type == typeof(double)
                && TryParse(element.GetRawText(), out value),
            JsonValueKind.True or JsonValueKind.False => Type == typeof(bool)
                && TryParse(element.GetRawText(), out value),
            _ => false,
        };
    }

    protected abstract bool TryParse(string text, out object? value);
}

/// <summary>A whole number with its range.</summary>
internal sealed record IntegerKey(string Name, int Least, int Most) : ConfigKey(Name)
{
    public override Type Type => typeof(int);

    protected override string Kind => Most == int.MaxValue
        ? string.Create(CultureInfo.InvariantCulture, $"a whole number from {Least}")
        : string.Create(CultureInfo.InvariantCulture, $"a whole number {Least}..{Most}");

    protected override bool TryParse(string text, out object? value)
    {
        var read = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= Least && number <= Most;
        value = read ? number : null;
        return read;
    }
}

/// <summary>A real number with its range; the ends belong to it.</summary>
internal sealed record RealKey(string Name, double Least, double Most) : ConfigKey(Name)
{
    private const NumberStyles Style =
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    public override Type Type => typeof(double);

    protected override string Kind => string.Create(CultureInfo.InvariantCulture, $"a number {Least}..{Most}");

    protected override bool TryParse(string text, out object? value)
    {
        // Written as "inside the range", so that NaN is outside.
        var read = double.TryParse(text, Style, CultureInfo.InvariantCulture, out var number)
            && number >= Least && number <= Most;
        value = read ? number : null;
        return read;
    }
}

/// <summary>Yes or no.</summary>
internal sealed record FlagKey(string Name) : ConfigKey(Name)
{
    public override Type Type => typeof(bool);

    protected override string Kind => "true or false";

    protected override bool TryParse(string text, out object? value)
    {
        value = text switch { "true" => true, "false" => false, _ => null };
        return value is not null;
    }
}

/// <summary>One of a few words.</summary>
internal sealed record ChoiceKey(string Name, params string[] Choices) : ConfigKey(Name)
{
    /// <summary>More than these are a list, in which commas would be a tenth of the line.</summary>
    private const int MostInWords = 12;

    public override Type Type => typeof(string);

    protected override string Kind => Choices.Length switch
    {
        1 => Choices[0],
        > MostInWords => "one of " + string.Join(' ', Choices),
        _ => string.Join(", ", Choices[..^1]) + " or " + Choices[^1],
    };

    protected override bool TryParse(string text, out object? value)
    {
        value = Choices.FirstOrDefault(c => c.Equals(text, StringComparison.OrdinalIgnoreCase));
        return value is not null;
    }
}

/// <summary>A name, a path or a specification; the part that reads it knows more about it.</summary>
internal sealed record TextKey(string Name) : ConfigKey(Name)
{
    /// <summary>The text with the path in it made absolute; as it is if there is none.</summary>
    public Func<string, string> Anchor { get; init; } = text => text;

    public override Type Type => typeof(string);

    protected override string Kind => "a text that is not empty";

    protected override bool TryParse(string text, out object? value)
    {
        // A zero character, possible in JSON alone, is in no name of a file.
        value = text.Length > 0 && !text.Contains('\0') ? text : null;
        return value is not null;
    }
}
