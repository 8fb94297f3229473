namespace DPT.Engine.Dpt.Tests;

/// <summary>How a budget is written.</summary>
public sealed class BudgetTests
{
    [TestCase("1s", 1)]
    [TestCase("90s", 90)]
    [TestCase("20m", 1200)]
    [TestCase("1.5h", 5400)]
    [TestCase("1000h", 3_600_000)]
    [TestCase("max", double.PositiveInfinity)]
    public void Parse_ATimeWithItsUnit_IsSeconds(string text, double seconds)
    {
        var budget = Budget.Parse(text, "--budget");
        Assert.That(budget.Seconds, Is.EqualTo(seconds));
        Assert.That(budget.Text, Is.EqualTo(text));
    }

    [TestCase("")]
    [TestCase("0")]
    [TestCase("5")]
    [TestCase("abc")]
    [TestCase("0s")]
    [TestCase("0.5s")]
    [TestCase("-2m")]
    [TestCase("2 m")]
    [TestCase("2m\n")]
    [TestCase("2M")]
    [TestCase("1e3s")]
    [TestCase("1,5h")]
    [TestCase("NaNs")]
    [TestCase("1001h")]
    [TestCase("9999999999999999999h")]
    [TestCase("MAX")]
    public void Parse_AnythingElse_SaysWhatItMustBe(string text)
    {
        var error = Assert.Throws<DptException>(() => Budget.Parse(text, "--budget"))!;
        Assert.That(error.Kind, Is.EqualTo(FailureKind.Usage));
        Assert.That(error.Message, Does.StartWith("--budget: the budget is '").And.Contain("90s, 20m or 2h").And.Not.Contain("\n"));
    }
}
