namespace DPT.Engine.Cli;

/// <summary>A named line of a plot, or dots; the mean of the others stands out.</summary>
internal sealed record Curve(string Name, IReadOnlyList<(double X, double Y)> Points, bool Dots = false, bool IsMean = false)
{
    private const int MostPoints = 400;

    /// <summary>Ends of the interval around each point; none without.</summary>
    public IReadOnlyList<(double Low, double High)> Band { get; init; } = [];

    /// <summary>Number of its colour; null for its place among the curves.</summary>
    public int? Colour { get; init; }

    /// <summary>Whether its points stand out on the line.</summary>
    public bool IsMarked { get; init; }

    /// <summary>
    /// No more points than a screen can show: of each stretch the lowest and the highest, so that no spike is lost. Bands are of few points.
    /// </summary>
    public Curve Thinned() => Points.Count <= MostPoints ? this : this with
    {
        Points =
        [
            .. Points
                .Chunk((2 * Points.Count / MostPoints) + 1)
                .SelectMany(stretch => new[] { stretch.MinBy(point => point.Y), stretch.MaxBy(point => point.Y) }.Distinct().OrderBy(point => point.X)),
        ],
    };
}

/// <summary>What a plot of curves is about.</summary>
/// <param name="Title">What is shown, for the caption.</param>
/// <param name="Across">What the horizontal axis counts, e.g. <c>updates</c>.</param>
internal sealed record Plot(string Title, string Across)
{
    /// <summary>How the vertical axis is written.</summary>
    public AxisUnit Unit { get; init; }

    /// <summary>How the horizontal axis is written.</summary>
    public AxisUnit AcrossUnit { get; init; }

    /// <summary>Whether it has the width of the page, where there is that much.</summary>
    public bool IsLarge { get; init; }

    /// <summary>Whether there is a logarithmic version of it, which the page switches to.</summary>
    public bool HasLogarithm { get; init; }

    /// <summary>Whether the names of its curves stand elsewhere.</summary>
    public bool SharesLegend { get; init; }

    /// <summary>Whether its legend says where each curve ends.</summary>
    public bool TellsEnds { get; init; } = true;

    /// <summary>What a reader has to know, below the plot.</summary>
    public string Note { get; init; } = "";
}
