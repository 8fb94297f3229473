using System.Text;

namespace Cli.Tests;

/// <summary>A stream that takes nothing, like a full disk or a closed terminal.</summary>
internal sealed class FullWriter : TextWriter
{
    /// <summary>How often it refused.</summary>
    public int Refused { get; private set; }

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        Refused++;
        throw new IOException("no space");
    }

    public override void Flush() => Write(' ');
}
