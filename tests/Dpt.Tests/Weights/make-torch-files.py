"""Writes Files/: what PyTorch and NumPy themselves write, and what PyTorch computes, for the tests of the readers and of networks.

    apt-get install python3-torch python3-numpy      (made with PyTorch 1.13.1 and NumPy 1.24.2 of Debian 12)
    python3 make-torch-files.py

The numbers of tensors.* follow formulas that TorchFileTests repeats. The networks are the definitions of U-ViT (Bao et al., CVPR 2023)
and of the ViT (Dosovitskiy et al., ICLR 2021) in plain PyTorch, with random weights, at sizes of a few kilobytes.
"""

import math
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

FILES = Path(__file__).parent / "Files"


def save(value, name, legacy=False, **options):
    torch.save(value, FILES / name, _use_new_zipfile_serialization=not legacy, **options)


def numbers():
    """One storage seen in several ways, and every type of element."""
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6) * 0.5 - 3
    small = torch.arange(6).reshape(2, 3) - 2
    state = OrderedDict()
    state["base"] = base
    state["transposed"] = base.t()
    state["row"] = base[2]
    state["column"] = base[:, 1]
    state["grid"] = base[1::2, 2::3]
    state["swapped"] = base.reshape(2, 2, 6).permute(2, 0, 1)
    state["repeated"] = base[0, :3].expand(2, 3)
    state["parameter"] = nn.Parameter(base[0, :4].clone())
    state["scalar"] = torch.tensor(3.5)
    state["empty"] = torch.zeros(0, 3)
    for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8):
        state[str(dtype)[6:]] = small.to(dtype) * (3 if dtype.is_floating_point else 1)
    state["uint8"] = (small + 2).to(torch.uint8) * 50
    state["bool"] = small > 0
    return state


def msn(model):
    """A checkpoint with the nesting of MSN's, after a step of AdamW."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    prefixed = OrderedDict(("module." + name, tensor) for name, tensor in model.state_dict().items())
    prefixed._metadata = model.state_dict()._metadata
    return {
        "encoder": prefixed,
        "target_encoder": OrderedDict((name, tensor * 2) for name, tensor in prefixed.items()),
        "prototypes": torch.ones(2, 2),
        "opt": optimizer.state_dict(),
        "epoch": 300,
        "loss": np.float64(0.25),
        "best": np.int64(7),
        "batch_size": 2**40,
        "lr": 0.001,
        "temperature": None,
        "names": ("a", ["b", True]),
    }


def block(p, name, x, heads, epsilon):
    norm = lambda part, x: F.layer_norm(x, x.shape[-1:], p[f"{name}.{part}.weight"], p[f"{name}.{part}.bias"], epsilon)
    linear = lambda part, x: F.linear(x, p[f"{name}.{part}.weight"], p.get(f"{name}.{part}.bias"))
    batch, length, width = x.shape
    q, k, v = linear("attn.qkv", norm("norm1", x)).reshape(batch, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    attention = (q @ k.transpose(-1, -2) / math.sqrt(width // heads)).softmax(-1) @ v
    x = x + linear("attn.proj", attention.transpose(1, 2).reshape(batch, length, width))
    return x + linear("mlp.fc2", F.gelu(linear("mlp.fc1", norm("norm2", x))))


def patches(p, x):
    weight = p["patch_embed.proj.weight"]
    return F.conv2d(x, weight, p["patch_embed.proj.bias"], stride=weight.shape[-1]).flatten(2).transpose(1, 2)


def uvit(p, x, t, y, depth, heads):
    width, (batch, channels, side, _) = p["pos_embed"].shape[-1], x.shape
    angles = t[:, None] * torch.exp(-math.log(10000) * torch.arange(width // 2) / (width // 2))
    tokens = [torch.cat([angles.cos(), angles.sin()], -1)[:, None], patches(p, x)]
    if y is not None:
        tokens.insert(0, p["label_emb.weight"][y][:, None])
    h, skips = torch.cat(tokens, 1) + p["pos_embed"], []
    for i in range(depth // 2):
        h = block(p, f"in_blocks.{i}", h, heads, 1e-5)
        skips.append(h)
    h = block(p, "mid_block", h, heads, 1e-5)
    for i in range(depth // 2):
        name = f"out_blocks.{i}"
        h = F.linear(torch.cat([h, skips.pop()], -1), p[f"{name}.skip_linear.weight"], p[f"{name}.skip_linear.bias"])
        h = block(p, name, h, heads, 1e-5)
    h = F.layer_norm(h, (width,), p["norm.weight"], p["norm.bias"], 1e-5)
    h = F.linear(h, p["decoder_pred.weight"], p["decoder_pred.bias"])[:, len(tokens) - 1 :]
    patch = p["patch_embed.proj.weight"].shape[-1]
    h = h.reshape(batch, side // patch, side // patch, patch, patch, channels).permute(0, 5, 1, 3, 2, 4)
    h = h.reshape(batch, channels, side, side)
    return F.conv2d(h, p["final_layer.weight"], p["final_layer.bias"], padding=1) if "final_layer.weight" in p else h


def vit(p, x, depth, heads, features):
    tokens = torch.cat([p["cls_token"].expand(len(x), -1, -1), patches(p, x)], 1) + p["pos_embed"]
    for i in range(depth):
        tokens = block(p, f"blocks.{i}", tokens, heads, 1e-6)
    if features:
        return tokens[:, 0]
    tokens = F.layer_norm(tokens, tokens.shape[-1:], p["norm.weight"], p["norm.bias"], 1e-6)
    return F.linear(tokens[:, 0], p["head.weight"], p["head.bias"])


def block_shapes(name, width, mlp, qkv_bias, skip=False):
    shapes = {f"{name}.{part}.{kind}": (width,) for part in ("norm1", "norm2") for kind in ("weight", "bias")}
    layers = {"attn.qkv": (3 * width, width), "attn.proj": (width, width), "mlp.fc1": (mlp * width, width), "mlp.fc2": (width, mlp * width)}
    if skip:
        layers["skip_linear"] = (width, 2 * width)
    for part, shape in layers.items():
        shapes[f"{name}.{part}.weight"] = shape
        if part != "attn.qkv" or qkv_bias:
            shapes[f"{name}.{part}.bias"] = shape[:1]
    return shapes


def draw(shapes):
    return OrderedDict((name, nn.Parameter(torch.randn(shape) * 0.3 + ("norm" in name and "weight" in name))) for name, shape in shapes.items())


def gradients(parameters, output):
    output.square().mean().backward()
    return OrderedDict((name, parameter.grad) for name, parameter in parameters.items())


def save_uvit():
    width, side, patch, channels, classes = 8, 8, 4, 2, 3
    shapes = {
        "pos_embed": (1, 2 + (side // patch) ** 2, width),
        "patch_embed.proj.weight": (width, channels, patch, patch),
        "patch_embed.proj.bias": (width,),
        "label_emb.weight": (classes, width),
        **block_shapes("in_blocks.0", width, 4, False),
        **block_shapes("mid_block", width, 4, False),
        **block_shapes("out_blocks.0", width, 4, False, skip=True),
        "norm.weight": (width,),
        "norm.bias": (width,),
        "decoder_pred.weight": (patch * patch * channels, width),
        "decoder_pred.bias": (patch * patch * channels,),
        "final_layer.weight": (channels, channels, 3, 3),
        "final_layer.bias": (channels,),
    }
    p = draw(shapes)
    x, t, y = torch.randn(3, channels, side, side), torch.tensor([0.5, 17.25, 999.0]), torch.tensor([2, 0, 1])
    output = uvit(p, x, t, y, depth=2, heads=2)
    save(p, "uvit.pth")
    save(gradients(p, output), "uvit-gradients.pth", legacy=True)
    np.save(FILES / "uvit-x.npy", x.double().numpy())
    np.save(FILES / "uvit-t.npy", t.numpy())
    np.save(FILES / "uvit-y.npy", y.int().numpy())
    np.save(FILES / "uvit-eps.npy", output.detach().numpy())


def save_vit():
    width, side, patch, channels, classes = 12, 8, 4, 3, 4
    shapes = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, 1 + (side // patch) ** 2, width),
        "patch_embed.proj.weight": (width, channels, patch, patch),
        "patch_embed.proj.bias": (width,),
        **block_shapes("blocks.0", width, 2, True),
        "norm.weight": (width,),
        "norm.bias": (width,),
        "head.weight": (classes, width),
        "head.bias": (classes,),
    }
    p, x = draw(shapes), torch.randn(2, channels, side, side)
    logits = vit(p, x, depth=1, heads=3, features=False)
    save({"model": OrderedDict(("module." + name, tensor) for name, tensor in p.items()), "epoch": 1}, "vit.pth.tar")
    save(gradients(p, logits), "vit-gradients.pth", legacy=True)
    np.save(FILES / "vit-x.npy", x.numpy())
    np.save(FILES / "vit-logits.npy", logits.detach().numpy())
    np.save(FILES / "vit-features.npy", vit(p, x, depth=1, heads=3, features=True).detach().numpy())


if __name__ == "__main__":
    FILES.mkdir(exist_ok=True)
    torch.manual_seed(1)
    for legacy in (False, True):
        suffix = "-legacy.pth" if legacy else ".pth"
        save(numbers(), "tensors" + suffix, legacy)
        save(msn(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))), "msn" + suffix, legacy)
    save({"protocol": 4, "tensor": torch.ones(2)}, "protocol-4.pth", pickle_protocol=4)
    save(77, "step.pth")
    save_uvit()
    save_vit()
