using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;

namespace Cli.Tests;

/// <summary>A report as a browser sees it, in Chromium without a screen; where there is none, these tests are skipped.</summary>
public sealed class ReportPageTests
{
    /// <summary>What a page is asked: its values under a pointer, its two scales, whether it is wider than its window, whether texts can be read.</summary>
    private const string Probe = """
        <script>
          addEventListener('error', event => parent.answers.push(innerWidth + ' error: ' + event.message));
          addEventListener('load', () => {
            const answer = text => parent.answers.push(innerWidth + ' ' + text);
            const plot = [...document.querySelectorAll('.large svg')].find(svg => svg.checkVisibility());
            const box = plot.getBoundingClientRect();
            plot.dispatchEvent(new PointerEvent('pointermove', { clientX: box.right - 5, clientY: box.top + 50 }));
            answer(plot.getAttribute('class') + ': ' + [...document.querySelectorAll('.tip p')].map(line => line.textContent).join('; '));
            const shown = style => [...document.querySelectorAll('svg.' + style)].some(svg => svg.checkVisibility());
            const scales = () => 'linear ' + shown('linear') + ', log ' + shown('log');
            const before = scales();
            document.querySelector('.scale').click();
            answer(before + '; ' + scales());
            document.querySelectorAll('details').forEach(details => details.open = true);
            const root = document.documentElement;
            answer('too wide by ' + (root.scrollWidth - root.clientWidth));
            const heights = [...document.querySelectorAll('svg text')].map(text => text.getBoundingClientRect().height).filter(height => height > 0);
            answer('texts can be read: ' + (Math.min(...heights) >= 11));
          });
        </script>
        """;

    private static readonly int[] Widths = [400, 1200, 2000];

    private static readonly string[] Names =
        ["cat", "a class whose name is far longer than anybody would wish for", "anotherverylongnamewithoutanyspacewhateverinit_and_still_going_on"];

    /// <summary>One browser with a frame for each width: it takes long to start.</summary>
    [Test]
    public void Page_AtAnyWidth_Fits_AndItsScriptWorks()
    {
        using var folder = new TemporaryFolder();
        using var run = new ReportFolder(Names);
        // The page runs no script but its own: in the copy that is asked, this one is allowed too.
        var asked = WebUtility.HtmlEncode(Regex.Replace(run.Page(), "<meta http-equiv[^>]*>", "").Replace("</body>", Probe + "</body>"));
        var frames = string.Concat(Widths.Select(width => $"<iframe width=\"{width}\" height=\"900\" style=\"border:0\" srcdoc=\"{asked}\"></iframe>"));
        var page = $"<!doctype html><body><script>answers = []; onload = () => document.body.innerHTML = '<pre>' + answers.sort().join('\\n') + '</pre>'</script>{frames}</body>";
        var (seen, console) = Open(folder, page);
        Assert.That(console, Is.Empty);
        Assert.That(Regex.Match(seen, "<pre>(.*)</pre>", RegexOptions.Singleline).Groups[1].Value.Split('\n'), Is.EquivalentTo(Widths.SelectMany(width => new[]
        {
            $"{width} {(width < 768 ? "narrow" : "broad")}: 20 updates; Stage 3: with pseudo-images  90.0 %; Stage 1: few labels  60.0 %",
            $"{width} linear true, log false; linear false, log true",
            $"{width} too wide by 0",
            $"{width} texts can be read: true",
        })));
    }

    /// <summary>As it is: its own script is let through, and one that has slipped into it is not.</summary>
    [Test]
    public void Page_AsItIs_RunsItsOwnScript_AndNoOther()
    {
        using var folder = new TemporaryFolder();
        using var run = new ReportFolder(Names);
        var (seen, console) = Open(folder, run.Page().Replace("</body>", "<script>document.title = 'slipped in'</script></body>"));
        Assert.That(seen, Does.Contain("class=\"cursor\"").And.Contain("class=\"tip\"").And.Not.Contain("<title>slipped in"));
        Assert.That(console, Has.Exactly(1).Items.And.All.Contains("Content Security Policy"));
    }

    /// <summary>The page as the browser has it in the end, and the lines that it wrote to the console.</summary>
    private static (string Seen, string[] Console) Open(TemporaryFolder folder, string page)
    {
        ProcessStartInfo command = new("chromium")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", $"--user-data-dir={folder.File("profile")}",
                "--window-size=2100,900", "--virtual-time-budget=2000", "--dump-dom", "file://" + folder.Write("page.html", page),
            },
        };
        try
        {
            using var browser = Process.Start(command)!;
            var (seen, errors) = (browser.StandardOutput.ReadToEndAsync(), browser.StandardError.ReadToEndAsync());
            if (!Task.WaitAll([seen, errors], TimeSpan.FromMinutes(1)))
            {
                browser.Kill(entireProcessTree: true);
                Assert.Fail("the browser does not end");
            }

            return (seen.Result, [.. errors.Result.Split('\n').Where(line => line.Contains("CONSOLE", StringComparison.Ordinal))]);
        }
        catch (Win32Exception)
        {
            Assert.Ignore("there is no Chromium here (Debian's package chromium)");
            throw;
        }
    }
}
