using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>
/// Where <c>generate.threshold</c> means something: with solvers that are given images, of which it is a limit, and where what they are
/// given has a range.
/// </summary>
internal static class DataThreshold
{
    /// <summary>Throws if a solver's model values cannot be thresholded.</summary>
    /// <param name="quantile">The quantile; null for no threshold.</param>
    /// <param name="solver">The solver.</param>
    /// <exception cref="DptException">Usage: the solver works on noise, or it is no quantile.</exception>
    public static void Require(double? quantile, Solver solver)
    {
        Usage.Require(quantile is null or (> 0 and <= 1), $"{Named(quantile)} is not in (0, 1]");
        Usage.Require(
            quantile is null || solver.Model == Prediction.Data,
            $"{Named(quantile)} is a limit of predicted images, but solver '{solver.Name}' works on noise; unipc-3, dpm-solver++-2m or "
            + "dpm-solver++-fast work on images");
    }

    /// <summary>Throws if there is a threshold for latents.</summary>
    /// <exception cref="DptException">Usage.</exception>
    public static void RequirePixels(double? quantile, bool areLatents) =>
        Usage.Require(quantile is null || !areLatents, $"{Named(quantile)} is for pixels: latents have no range");

    private static string Named(double? quantile) => string.Create(CultureInfo.InvariantCulture, $"generate.threshold {quantile}");
}
