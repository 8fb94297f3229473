namespace DPT.Engine.Kernels;

/// <summary>Passes windows and filters to a kernel, field by field.</summary>
internal static class ConvolutionLaunch
{
    /// <summary>A <see cref="WindowMap"/>.</summary>
    public static ref KernelLaunch With(this ref KernelLaunch launch, in WindowMap map)
    {
        With(ref launch, map.Y);
        With(ref launch, map.X);
        return ref launch.With(map.Channels).With(map.Stride);
    }

    /// <summary>A <see cref="FilterMap"/>.</summary>
    public static ref KernelLaunch With(this ref KernelLaunch launch, in FilterMap map) =>
        ref launch.With(map.Start).With(map.Tap).With(map.Term).With(map.Column).With(map.Channels);

    private static void With(ref KernelLaunch launch, TapAxis axis) =>
        launch.With(axis.Source).With(axis.Outputs).With(axis.Taps).With(axis.Step).With(axis.Before).With(axis.Spread);
}
