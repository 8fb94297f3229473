using DPT.Engine.Kernels;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

internal sealed class TorchPatchEmbedForward : TorchVariant<PatchEmbedForwardCall>
{
    protected override void Compute(in PatchEmbedForwardCall call)
    {
        var grid = call.Grid;
        var tokens = new List<Tensor>();
        if (!call.Labels.IsEmpty)
        {
            tokens.Add(Read(call.LabelTable, call.LabelRows, call.Width).index_select(0, Read(call.Labels)).unsqueeze(1));
        }

        if (!call.Times.IsEmpty)
        {
            tokens.Add(Sinusoid(Read(call.Times, grid.Batch, 1), call.Width).unsqueeze(1));
        }

        if (!call.ClassToken.IsEmpty)
        {
            tokens.Add(Read(call.ClassToken, 1, 1, call.Width).expand(grid.Batch, 1, call.Width));
        }

        var image = Read(call.Image, grid.Batch, grid.Channels, grid.ImageSize, grid.ImageSize);
        var weight = Read(call.Weight, call.Width, grid.Channels, grid.PatchSize, grid.PatchSize);
        tokens.Add(TorchModules.Patches(image, weight, Read(call.Bias, call.Width)));
        Write(torch.cat(tokens, 1) + Read(call.Position, grid.Tokens, call.Width), call.Tokens);
    }

    /// <summary>The timestep embedding of the U-ViT: cosines, sines, and a zero if the width is odd.</summary>
    private static Tensor Sinusoid(Tensor times, int width)
    {
        var half = width / 2;
        var frequencies = torch.exp(-Math.Log(10000) * torch.arange(half, torch.float32) / half);
        var angles = times * frequencies;
        var waves = torch.cat([angles.cos(), angles.sin()], -1);
        return width % 2 == 0 ? waves : F.pad(waves, [0, 1]);
    }
}

internal sealed class TorchPatchEmbedBackward : TorchVariant<PatchEmbedBackwardCall>
{
    protected override void Compute(in PatchEmbedBackwardCall call)
    {
        var grid = call.Grid;
        var gradient = Read(call.TokensGradient, grid.Batch, grid.Tokens, call.Width);
        var image = Read(call.Image, grid.Batch, grid.Channels, grid.ImageSize, grid.ImageSize);
        var weight = torch.zeros(call.Width, grid.Channels, grid.PatchSize, grid.PatchSize).requires_grad_();
        var bias = torch.zeros(call.Width).requires_grad_();
        TorchModules.Patches(image, weight, bias).backward([gradient.narrow(1, grid.ExtraTokens, grid.Patches)]);
        Add(weight.grad!, call.WeightGradient);
        Add(bias.grad!, call.BiasGradient);
        Add(gradient.sum([0]), call.PositionGradient);
        if (!call.Labels.IsEmpty)
        {
            var table = torch.zeros(call.LabelRows, call.Width);
            Add(table.index_add_(0, Read(call.Labels), gradient.select(1, 0), 1), call.LabelTableGradient);
        }

        if (!call.ClassTokenGradient.IsEmpty)
        {
            Add(gradient.select(1, grid.ExtraTokens - 1).sum([0]), call.ClassTokenGradient);
        }
    }
}

internal sealed class TorchUnpatchifyForward : TorchVariant<UnpatchifyForwardCall>
{
    protected override void Compute(in UnpatchifyForwardCall call)
    {
        var grid = call.Grid;
        var image = Image(Read(call.Tokens, grid.Batch, grid.Tokens, grid.PatchElements), grid);
        Write(
            call.Weight.IsEmpty
                ? image
                : TorchModules.Convolve3x3(image, Read(call.Weight, grid.Channels, grid.Channels, 3, 3), Read(call.Bias, grid.Channels)),
            call.Image);
    }

    /// <summary>[B,e+n,p*p*C] to [B,C,S,S], channel fastest within a patch.</summary>
    public static Tensor Image(Tensor tokens, PatchGrid grid) => tokens.narrow(1, grid.ExtraTokens, grid.Patches)
        .reshape(grid.Batch, grid.Side, grid.Side, grid.PatchSize, grid.PatchSize, grid.Channels)
        .permute(0, 5, 1, 3, 2, 4)
        .reshape(grid.Batch, grid.Channels, grid.ImageSize, grid.ImageSize);
}

internal sealed class TorchUnpatchifyBackward : TorchVariant<UnpatchifyBackwardCall>
{
    protected override void Compute(in UnpatchifyBackwardCall call)
    {
        var grid = call.Grid;
        var gradient = Read(call.ImageGradient, grid.Batch, grid.Channels, grid.ImageSize, grid.ImageSize);
        var plain = call.Weight.IsEmpty;
        var tokens = plain
            ? torch.zeros(grid.Batch, grid.Tokens, grid.PatchElements).requires_grad_()
            : ReadLeaf(call.Tokens, grid.Batch, grid.Tokens, grid.PatchElements);
        var image = TorchUnpatchifyForward.Image(tokens, grid);
        if (plain)
        {
            image.backward([gradient]);
        }
        else
        {
            var weight = ReadLeaf(call.Weight, grid.Channels, grid.Channels, 3, 3);
            var bias = torch.zeros(grid.Channels).requires_grad_();
            TorchModules.Convolve3x3(image, weight, bias).backward([gradient]);
            Add(weight.grad!, call.WeightGradient);
            Add(bias.grad!, call.BiasGradient);
        }

        Write(tokens.grad!, call.TokensGradient);
    }
}
