using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Between the rows of a <see cref="PixelGrid"/>, [grid.Rows, C], and tokens without a border: each the p x p pixels of a patch,
/// [B, (S / p)^2, p p C], a patch ordered (row, column, channel). Each is the gradient of the other.
/// </summary>
public static class PixelGridOps
{
    /// <summary>Tokens to pixels with a border of zeros.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="tokens">[B, (S / p)^2, p p C].</param>
    /// <param name="grid">B and S.</param>
    /// <param name="patch">p, which divides S.</param>
    /// <returns>[grid.Rows, C].</returns>
    /// <exception cref="ArgumentException">The shape does not fit, or the patch.</exception>
    public static Tensor FromPatches(this Tape tape, Tensor tokens, PixelGrid grid, int patch = 1)
    {
        Shapes.RequireRank(nameof(FromPatches), nameof(tokens), tokens, 3);
        RequirePatch(nameof(FromPatches), grid, patch);
        var width = tokens.Shape.Last / (patch * patch);
        Shapes.Require(nameof(FromPatches), nameof(tokens), tokens, TokensOf(grid, patch, width));
        var rows = tape.New(new TensorShape(grid.Rows, width));
        grid.ClearBorder(tape.Device, rows.Data, width);
        foreach (var (sizes, inTokens, inRows) in Lines(grid, patch, width, tokens, rows))
        {
            Copy(tape.Device, sizes, inTokens, inRows);
        }

        tape.Observer?.Ran(new TracedFromPatches(rows, tokens, grid, patch));
        return tape.Record(rows, (tokens, (g, _) => tape.ToPatches(g, grid, patch)));
    }

    /// <summary>Pixels to tokens.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="rows">[grid.Rows, C].</param>
    /// <param name="grid">B and S.</param>
    /// <param name="patch">p, which divides S.</param>
    /// <returns>[B, (S / p)^2, p p C].</returns>
    /// <exception cref="ArgumentException">The shape does not fit, or the patch.</exception>
    public static Tensor ToPatches(this Tape tape, Tensor rows, PixelGrid grid, int patch = 1)
    {
        Shapes.RequireRank(nameof(ToPatches), nameof(rows), rows, 2);
        var width = rows.Shape.Last;
        Shapes.Require(nameof(ToPatches), nameof(rows), rows, new TensorShape(grid.Rows, width));
        RequirePatch(nameof(ToPatches), grid, patch);
        var tokens = tape.New(TokensOf(grid, patch, width));
        foreach (var (sizes, inTokens, inRows) in Lines(grid, patch, width, tokens, rows))
        {
            Copy(tape.Device, sizes, inRows, inTokens);
        }

        tape.Observer?.Ran(new TracedToPatches(tokens, rows, grid, patch));
        return tape.Record(tokens, (rows, (g, _) => tape.FromPatches(g, grid, patch)));
    }

    private static void RequirePatch(string op, PixelGrid grid, int patch)
    {
        if (patch < 1 || grid.Side % patch != 0)
        {
            throw new ArgumentException($"{op}: a patch of {patch} pixels does not cut {grid.Side} into whole ones");
        }
    }

    private static TensorShape TokensOf(PixelGrid grid, int patch, int width) =>
        new(grid.Batch, grid.Side / patch * (grid.Side / patch), patch * patch * width);

    /// <summary>The lines of a patch: of each, picture by picture and patch by patch, the pixels lie together on both sides.</summary>
    private static IEnumerable<(Axes4 Sizes, Place InTokens, Place InRows)> Lines(
        PixelGrid grid, int patch, int width, Tensor tokens, Tensor rows)
    {
        long side = grid.Side / patch, run = patch * width, token = patch * run, line = (long)grid.Line * width;
        for (var i = 0; i < patch; i++)
        {
            yield return (
                new Axes4(grid.Batch, side, side, run),
                new Place(tokens.Data.From(i * run), new Axes4(side * side * token, side * token, token, 1)),
                new Place(
                    rows.Data.From(((long)grid.First * width) + (i * line)), new Axes4(grid.Line * line, patch * line, run, 1)));
        }
    }

    private static void Copy(Device device, Axes4 sizes, Place from, Place to) =>
        device.Run(PrimitiveOperators.StridedCopy, new StridedCopyCall
        {
            Sizes = sizes,
            StridesX = from.Strides,
            StridesY = to.Strides,
            X = from.Elements,
            Y = to.Elements,
        });

    private readonly record struct Place(Slice<float> Elements, Axes4 Strides);
}
