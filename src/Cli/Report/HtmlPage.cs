using System.Net;
using System.Text;

namespace DPT.Engine.Cli;

/// <summary>A page that needs nothing else, section by section.</summary>
internal sealed class HtmlPage(string title)
{
    private readonly StringBuilder _body = new();

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

    /// <summary>Plots side by side; nothing if all are empty.</summary>
    public static string Plots(IEnumerable<string> plots) =>
        string.Concat(plots) is { Length: > 0 } text ? $"<div class=\"plots\">{text}</div>" : "";

    /// <summary>The page.</summary>
    public override string ToString() =>
        $"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{Text(title)}</title>\n"
        + $"<meta name=\"viewport\" content=\"width=device-width\">\n<style>{ReportStyle.Css}</style></head>\n"
        + $"<body><h1>{Text(title)}</h1>\n{_body}</body></html>\n";
}
