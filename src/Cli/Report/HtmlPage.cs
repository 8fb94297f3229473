using System.Net;
using System.Text;

namespace DPT.Engine.Cli;

/// <summary>A page that needs nothing else, section by section. It runs its own script and no other.</summary>
internal sealed class HtmlPage(string title)
{
    private readonly StringBuilder _body = new();
    private string _head = $"<h1>{Text(title)}</h1>";

    /// <summary>Puts this at the head of the page in place of its title.</summary>
    public void Head(string content) => _head = content;

    /// <summary>Adds a section, unless its content is empty.</summary>
    public void Section(string heading, string content)
    {
        if (content.Length > 0)
        {
            _body.Append($"<section><h2>{Text(heading)}</h2>{content}</section>\n");
        }
    }

    /// <summary>Text as HTML shows it.</summary>
    public static string Text(string text) => WebUtility.HtmlEncode(text);

    /// <summary>A list of texts; nothing if there is none.</summary>
    public static string List(string style, IReadOnlyList<string> items) => items.Count == 0
        ? ""
        : $"<ul class=\"{style}\">{string.Concat(items.Select(item => $"<li>{Text(item)}</li>"))}</ul>";

    /// <summary>A paragraph of text.</summary>
    public static string Paragraph(string style, string text) => $"<p class=\"{style}\">{Text(text)}</p>";

    /// <summary>Plots side by side; nothing if all are empty.</summary>
    public static string Plots(IEnumerable<string> plots) =>
        string.Concat(plots) is { Length: > 0 } text ? $"<div class=\"plots\">{text}</div>" : "";

    /// <summary>A table of texts; in columns after the first, numbers stand one below the other.</summary>
    public static string Table(IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new StringBuilder("<table class=\"numbers\"><thead><tr>");
        table.AppendJoin("", head.Select(cell => $"<th>{Text(cell)}</th>")).Append("</tr></thead><tbody>");
        foreach (var row in rows)
        {
            table.Append("<tr>").AppendJoin("", row.Select(cell => $"<td>{Text(cell)}</td>")).Append("</tr>");
        }

        return Scroll(table.Append("</tbody></table>").ToString());
    }

    /// <summary>What may be wider or higher than the page, in a box of its own that scrolls.</summary>
    public static string Scroll(string content) => $"<div class=\"scroll\">{content}</div>";

    /// <summary>What only some readers want to see.</summary>
    public static string Folded(string summary, string content) =>
        $"<details><summary>{Text(summary)}</summary>{content}</details>";

    /// <summary>The page.</summary>
    public override string ToString() =>
        $"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{Text(title)}</title>\n"
        + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        + $"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{ReportScript.Hash}'\">\n"
        + $"<style>{ReportStyle.Css}</style></head>\n"
        + $"<body><header>{_head}</header>\n{_body}<script>{ReportScript.Text}</script></body></html>\n";
}
