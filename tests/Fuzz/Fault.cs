namespace Fuzz;

/// <summary>What an input made a reader do that it must not.</summary>
/// <param name="Key">Tells faults apart: of each, one input is kept.</param>
/// <param name="Text">The whole story.</param>
internal sealed record Fault(string Key, string Text);
