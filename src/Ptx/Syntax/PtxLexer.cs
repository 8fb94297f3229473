namespace DPT.Engine.Ptx;

/// <summary>A word or a sign of PTX, and its line.</summary>
internal readonly record struct PtxToken(string Text, int Line);

/// <summary>PTX text to words and signs; comments are dropped.</summary>
internal static class PtxLexer
{
    /// <summary>Cuts the text. Words keep their dots: <c>ld.global.v4.f32</c> and <c>%tid.x</c> are one each.</summary>
    public static List<PtxToken> Tokens(string text)
    {
        var tokens = new List<PtxToken>();
        var line = 1;
        for (var at = 0; at < text.Length;)
        {
            var c = text[at];
            if (char.IsWhiteSpace(c))
            {
                line += c == '\n' ? 1 : 0;
                at++;
            }
            else if (text.AsSpan(at).StartsWith("//"))
            {
                var end = text.IndexOf('\n', at);
                at = end < 0 ? text.Length : end;
            }
            else if (text.AsSpan(at).StartsWith("/*"))
            {
                var end = text.IndexOf("*/", at + 2, StringComparison.Ordinal);
                end = end < 0 ? text.Length : end + 2;
                line += text.AsSpan(at, end - at).Count('\n');
                at = end;
            }
            else
            {
                var start = at++;
                if (c == '"')
                {
                    var end = text.IndexOf('"', at);
                    at = end < 0 ? text.Length : end + 1;
                }
                else if (IsWord(c))
                {
                    while (at < text.Length && (IsWord(text[at]) || text.AsSpan(at).StartsWith("::")))
                    {
                        at += text[at] == ':' ? 2 : 1;
                    }
                }

                tokens.Add(new PtxToken(text[start..at], line));
            }
        }

        return tokens;
    }

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '$' or '%' or '.';
}
