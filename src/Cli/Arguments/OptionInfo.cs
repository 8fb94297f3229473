namespace DPT.Engine.Cli;

/// <summary>An option as help shows it.</summary>
/// <param name="Name">Long name without dashes.</param>
/// <param name="Short">Short name, or empty.</param>
/// <param name="Value">Name of its value, or empty for a switch.</param>
/// <param name="Help">What it does.</param>
/// <param name="Group">Heading that it stands under.</param>
/// <param name="Key">The setting that it gives, if it is one.</param>
internal sealed record OptionInfo(string Name, string Short, string Value, string Help, string Group, string? Key);

/// <summary>Heading of an option in help. (The library's own groups mean "one of these is required".)</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class OptionGroupAttribute(string name) : Attribute
{
    public string Name => name;
}

/// <summary>The setting that an option gives.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SettingAttribute(string key) : Attribute
{
    public string Key => key;
}
