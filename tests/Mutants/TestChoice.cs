namespace Mutants;

/// <summary>Tests of one fixture, written <c>Project/Fixture</c> or <c>Project/Fixture/part of the test's name</c>.</summary>
/// <param name="Project">The test project, such as Kernels.Tests.</param>
/// <param name="Fixture">The class, without its namespace.</param>
/// <param name="Part">What the names of the tests contain; empty for all.</param>
internal sealed record TestChoice(string Project, string Fixture, string Part)
{
    public static TestChoice Parse(string text) => text.Split('/', 3) switch
    {
        [var project, var fixture] => new TestChoice(project, fixture, string.Empty),
        [var project, var fixture, var part] => new TestChoice(project, fixture, part),
        _ => throw new FormatException($"'{text}' names no tests: Project/Fixture or Project/Fixture/part of a name"),
    };

    /// <param name="test">A full name: namespace, class, method and arguments.</param>
    public bool Covers(string test)
    {
        var arguments = test.IndexOf('(');
        var path = (arguments < 0 ? test : test[..arguments]).Split('.');
        return path.Length > 1 && path[^2] == Fixture && test.Contains(Part, StringComparison.Ordinal);
    }

    public override string ToString() => Part.Length == 0 ? $"{Project}/{Fixture}" : $"{Project}/{Fixture}/{Part}";
}
