using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary>Colour, redrawing, and plain progress lines.</summary>
public sealed class TerminalTests
{
    private const char Escape = '\e';

    [Test]
    public void Colour_OnAScreen_IsThere() => Assert.That(ErrorWith([]), Does.Contain(Escape));

    [TestCase("NO_COLOR", "1")]
    [TestCase("NO_COLOR", "anything")]
    [TestCase("TERM", "dumb")]
    public void Colour_NotWanted_IsNotThere(string variable, string value) =>
        Assert.That(ErrorWith(new() { [variable] = value }), Does.Not.Contain(Escape));

    [Test]
    public void Colour_EmptyNoColor_MeansNothing() => Assert.That(ErrorWith(new() { ["NO_COLOR"] = "" }), Does.Contain(Escape));

    [Test]
    public void Colour_OffAScreen_IsNotThere() =>
        Assert.That(CommandLine.Run("rn").Err, Does.Not.Contain(Escape));

    [Test]
    public void Progress_OnAScreenWithNoColor_UsesNoColour()
    {
        var shown = Watch(screen: true, new() { ["NO_COLOR"] = "1" });
        // Cursor movements remain; "m" ends a colour.
        Assert.That(shown, Does.Not.Match("\e\\[[0-9;]*[1-9][0-9;]*m"));
        Assert.That(shown, Does.Contain("stage 2: train"));
    }

    [Test]
    public void Progress_OffAScreen_IsPlainLines()
    {
        var shown = Watch(screen: false, []);
        Assert.That(shown, Does.Not.Contain(Escape));
        Assert.That(shown.Split('\n'), Has.Some.EqualTo("stage 2: train  1/3 steps  2.0/s  1s left  loss 0.5"));
        Assert.That(shown.Split('\n'), Has.Some.EqualTo("stage 2: train  3/3 steps  loss 0.5"));
    }

    [Test]
    public void ProgressLines_FollowTheClock()
    {
        var clock = new SteppedClock();
        var output = new StringWriter { NewLine = "\n" };
        var lines = new ProgressLines(output, clock);
        for (var step = 1; step <= 100; step++)
        {
            lines.Progress(new WorkProgress("train", step, 1000, "steps", 1, ""));
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        // The first, then one every five seconds.
        Assert.That(output.ToString().Count(c => c == '\n'), Is.EqualTo(20));
    }

    [TestCase(0.2, "1s")]
    [TestCase(59, "59s")]
    [TestCase(61, "1m 01s")]
    [TestCase(3661, "1h 01m")]
    public void Duration_InItsTwoLargestUnits(double seconds, string text) =>
        Assert.That(ProgressText.Duration(seconds), Is.EqualTo(text));

    private static string ErrorWith(Dictionary<string, string> environment) =>
        CommandLine.Run(["rn"], new FakeCommands(), environment, screen: true).Err;

    private static string Watch(bool screen, Dictionary<string, string> environment)
    {
        var messages = new StringWriter { NewLine = "\n" };
        var terminal = Terminal.For(TextWriter.Null, messages, screen, environment);
        terminal.Watch(observer =>
        {
            for (var step = 1; step <= 3; step++)
            {
                observer.Progress(new WorkProgress("stage 2: train", step, 3, "steps", 2, "loss 0.5"));
            }

            return 0;
        });
        return messages.ToString();
    }

    private sealed class SteppedClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
