namespace Fuzz;

/// <summary>The whole chain: a copy is instrumented, runs beside this process, and tells what it did.</summary>
public sealed class InstrumentedTests
{
    [Test]
    public void Run_OfAReader_CountsEdgesAndKeepsWhatIsNew()
    {
        using var program = new Instrumented();
        var counts = program.Run(Options.Parse(["--only", "array of NumPy", "--runs", "200", "--seconds", "60"])!);
        TestContext.Out.WriteLine(counts);
        Assert.That(counts, Is.Not.Null);
        Assert.That(counts!.Executions, Is.EqualTo(200));
        Assert.That(counts.Edges, Is.GreaterThan(100));
        Assert.That(counts.Kept, Is.GreaterThan(10));
        Assert.That(counts.Findings, Is.Zero);
    }
}
