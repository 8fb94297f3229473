namespace DPT.Engine.Kernels;

/// <summary>Copies between the tokens of one image and its planes; in a token the channel varies fastest.</summary>
internal static unsafe class PatchLayout
{
    /// <summary>Tokens, extra ones skipped, to planes with the given strides.</summary>
    public static void ToPlanes(in PatchGrid grid, float* tokens, float* planes, int rowStride, int planeStride)
    {
        var source = tokens + ((long)grid.ExtraTokens * grid.PatchElements);
        for (var patch = 0; patch < grid.Patches; patch++)
        {
            var corner = planes + Corner(in grid, patch, rowStride);
            for (var row = 0; row < grid.PatchSize; row++)
            {
                for (var column = 0; column < grid.PatchSize; column++)
                {
                    for (var c = 0; c < grid.Channels; c++)
                    {
                        var pixel = corner + (c * (long)planeStride) + (row * rowStride) + column;
                        HostBounds.Check(source, 1);
                        HostBounds.Check(pixel, 1);
                        *pixel = *source++;
                    }
                }
            }
        }
    }

    /// <summary>Planes without gaps to tokens; zero to the extra ones.</summary>
    public static void ToTokens(in PatchGrid grid, float* planes, float* tokens)
    {
        var extra = (long)grid.ExtraTokens * grid.PatchElements;
        HostBounds.Check(tokens, extra);
        for (var i = 0L; i < extra; i++)
        {
            *tokens++ = 0;
        }

        var planeStride = (long)grid.ImageSize * grid.ImageSize;
        for (var patch = 0; patch < grid.Patches; patch++)
        {
            var corner = planes + Corner(in grid, patch, grid.ImageSize);
            for (var row = 0; row < grid.PatchSize; row++)
            {
                for (var column = 0; column < grid.PatchSize; column++)
                {
                    for (var c = 0; c < grid.Channels; c++)
                    {
                        var pixel = corner + (c * planeStride) + (row * grid.ImageSize) + column;
                        HostBounds.Check(pixel, 1);
                        HostBounds.Check(tokens, 1);
                        *tokens++ = *pixel;
                    }
                }
            }
        }
    }

    private static long Corner(in PatchGrid grid, int patch, int rowStride)
    {
        var (row, column) = Math.DivRem(patch, grid.Side);
        return ((row * (long)rowStride) + column) * grid.PatchSize;
    }
}
