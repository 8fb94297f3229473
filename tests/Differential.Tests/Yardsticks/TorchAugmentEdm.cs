using DPT.Engine.Kernels;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>EDM's geometric augmentation by PyTorch's convolutions and samplers, as its authors have it.</summary>
internal sealed class TorchAugmentEdm : TorchVariant<AugmentEdmCall>
{
    private const int Border = 3;

    private static readonly double[] Filter =
    [
        0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466, 0.787641141030194,
        0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148,
    ];

    /// <summary>Margins that the corners of all images of a batch ask for: left, top, right, bottom.</summary>
    public static long[] Margins(Tensor maps, int size)
    {
        var middle = (size - 1) / 2.0;
        var corners = torch.tensor(new[] { -middle, -middle, 1, middle, -middle, 1, middle, middle, 1, -middle, middle, 1 }, [4, 3], maps.dtype).t();
        var reached = maps.matmul(corners).permute(1, 0, 2).flatten(1);
        return [.. new[] { -reached, reached }.SelectMany(side => side.amax([1]).to_type(torch.ScalarType.Float64).data<double>().ToArray())
            .Select(corner => (long)Math.Ceiling(Math.Clamp(corner + (2 * Border) - middle, 0, size - 1)))];
    }

    /// <summary>Images that are mirrored already, [B,C,S,S], by maps from output to input, [B,2,3].</summary>
    public static Tensor Transform(Tensor images, Tensor maps, int size, long[] margins)
    {
        var (batch, channels) = (images.shape[0], images.shape[1]);
        var inverse = Homogeneous(maps);
        images = F.pad(images, [margins[0], margins[2], margins[1], margins[3]], PaddingModes.Reflect);
        inverse = Shift((margins[0] - margins[2]) / 2.0, (margins[1] - margins[3]) / 2.0, maps.dtype).matmul(inverse);
        var taps = torch.tensor(Filter, maps.dtype);
        var along = taps.flip([0]).reshape(1, 1, 1, -1).repeat(channels, 1, 1, 1);
        images = torch.stack([images, torch.zeros_like(images)], 4).reshape(batch, channels, images.shape[2], -1);
        images = F.conv2d(images.narrow(3, 0, images.shape[3] - 1), along, padding: [0, 6], groups: channels);
        images = torch.stack([images, torch.zeros_like(images)], 3).reshape(batch, channels, -1, images.shape[3]);
        images = F.conv2d(images.narrow(2, 0, images.shape[2] - 1), along.transpose(2, 3), padding: [6, 0], groups: channels);
        inverse = Scale(2, 2, maps.dtype).matmul(inverse).matmul(Scale(0.5, 0.5, maps.dtype));
        inverse = Shift(-0.5, -0.5, maps.dtype).matmul(inverse).matmul(Shift(0.5, 0.5, maps.dtype));
        var side = 2L * (size + (2 * Border));
        inverse = Scale(2.0 / images.shape[3], 2.0 / images.shape[2], maps.dtype).matmul(inverse)
            .matmul(Scale(side / 2.0, side / 2.0, maps.dtype));
        var grid = F.affine_grid(inverse.narrow(1, 0, 2), [batch, channels, side, side], align_corners: false);
        images = F.grid_sample(images, grid, torch.GridSampleMode.Bilinear, torch.GridSamplePaddingMode.Zeros, align_corners: false);
        along = taps.reshape(1, 1, 1, -1).repeat(channels, 1, 1, 1);
        images = F.conv2d(images, along, strides: [1, 2], padding: [0, 5], groups: channels).narrow(3, Border, size);
        return F.conv2d(images, along.transpose(2, 3), strides: [2, 1], padding: [5, 0], groups: channels).narrow(2, Border, size);
    }

    protected override void Compute(in AugmentEdmCall call)
    {
        var labels = Read(call.Labels, call.Batch, 9);
        var images = Read(call.Images, call.Batch, call.Channels, call.ImageSize, call.ImageSize);
        images = torch.where(labels.narrow(1, 0, 1).reshape(-1, 1, 1, 1) == 1, images.flip([3]), images);
        images = torch.where(labels.narrow(1, 1, 1).reshape(-1, 1, 1, 1) == 1, images.flip([2]), images);
        var maps = Read(call.Maps, call.Batch, 2, 3);
        var margin = call.ImageSize - 1L;
        var moved = Transform(images, maps, call.ImageSize, [margin, margin, margin, margin]);
        var still = (maps == torch.tensor(new float[] { 1, 0, 0, 0, 1, 0 }, [1, 2, 3])).flatten(1).all(1).reshape(-1, 1, 1, 1);
        Write(torch.where(still, images, moved), call.Output);
    }

    private static Tensor Homogeneous(Tensor maps) => torch.cat(
        [maps, torch.tensor(new double[] { 0, 0, 1 }, [1, 1, 3], maps.dtype).expand(maps.shape[0], 1, 3)], 1);

    private static Tensor Shift(double x, double y, torch.ScalarType type) => torch.tensor([1, 0, x, 0, 1, y, 0, 0, 1], [3, 3], type);

    private static Tensor Scale(double x, double y, torch.ScalarType type) => torch.tensor([x, 0, 0, 0, y, 0, 0, 0, 1], [3, 3], type);
}
