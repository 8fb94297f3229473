"""Writes Files/: what PyTorch and NumPy themselves write, and what PyTorch computes, for the tests of the readers and of networks.

    apt-get install python3-torch python3-numpy      (made with PyTorch 1.13.1 and NumPy 1.24.2 of Debian 12)
    python3 make-torch-files.py

The numbers of tensors.* follow formulas that TorchFileTests repeats. The networks are the definitions of U-ViT (Bao et al., CVPR 2023),
of the ViT (Dosovitskiy et al., ICLR 2021), of FreeMatch's WideResNet (Zagoruyko and Komodakis, BMVC 2016; Wang et al., ICLR 2023) and of EDM's
SongUNet (Song et al., ICLR 2021; Karras et al., NeurIPS 2022) in plain PyTorch, with random weights, at sizes of a few kilobytes; of Stable
Diffusion's autoencoder (Rombach et al., CVPR 2022), whose norms take 32 channels, with weights by a formula that AutoencoderWeights repeats.
"""

import math
import pickle
import sys
import types
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


def _reconstruct_persistent_obj(meta):
    raise NotImplementedError("these files are written here, not read")


sys.modules["torch_utils"] = types.ModuleType("torch_utils")
sys.modules["torch_utils.persistence"] = types.ModuleType("torch_utils.persistence")
sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj = _reconstruct_persistent_obj
_reconstruct_persistent_obj.__module__ = "torch_utils.persistence"


class Persistent:
    """Pickled as the objects of EDM and StyleGAN are: what the object is made of, beside source code that would make its class."""

    def __reduce__(self):
        state = dict(self.__dict__, _init_args=(), _init_kwargs={"widths": [2, 2], "ratio": 0.5})
        meta = dict(type="class", version=6, module_src="import os; os.abort()", class_name=type(self).__name__, state=state)
        return _reconstruct_persistent_obj, (meta,)


class Layer(Persistent, nn.Module):
    def __init__(self, shape, start):
        super().__init__()
        self.weight = nn.Parameter(torch.arange(start, start + math.prod(shape), dtype=torch.float32).reshape(shape))
        self.bias = None
        self.register_buffer("resample_filter", torch.ones(1, 1, 2, 2) / 4)
        self.register_buffer("scratch", torch.zeros(1), persistent=False)


class Unet(Persistent, nn.Module):
    def __init__(self):
        super().__init__()
        self.map_layer0 = Layer((2, 3), 0)
        self.enc = nn.ModuleDict({"8x8_conv": Layer((2, 1, 3, 3), 10), "8x8_block0": nn.Sequential(Layer((4,), 100), Layer((4,), 200))})
        self.register_buffer("whole", torch.arange(12.0).reshape(3, 4))
        self.register_buffer("part", self.whole[1:, ::2])


class Precond(Persistent, nn.Module):
    def __init__(self):
        super().__init__()
        self.sigma_max = float("inf")
        self.model = Unet()


class Loss(Persistent):
    def __init__(self):
        self.P_mean = -1.2


def save_objects():
    """Modules as objects: by Python's pickle, whose storages are whole files within, and by torch.save."""
    snapshot = {"ema": Precond().eval().requires_grad_(False), "loss_fn": Loss(), "augment_pipe": None, "dataset_kwargs": {"path": "cifar10.zip", "xflip": True}}
    for protocol in (2, 3, 4):
        (FILES / f"snapshot-{protocol}.pkl").write_bytes(pickle.dumps(snapshot, protocol))
    save({"net": Precond(), "optimizer_state": {"state": {}}}, "training-state.pt")


def resized(positions, grid, offset=0):
    """Positions of a class token and patches, as MSN interpolates them, and DINOv2 with an offset."""
    count, width = positions.shape[1] - 1, positions.shape[2]
    side = math.isqrt(count)
    if offset and grid == side:
        return positions
    patches = positions[:, 1:].reshape(1, side, side, width).permute(0, 3, 1, 2)
    patches = F.interpolate(patches, scale_factor=(grid + offset) / side, mode="bicubic")
    assert patches.shape[2:] == (grid, grid)
    return torch.cat([positions[:, :1], patches.permute(0, 2, 3, 1).reshape(1, grid**2, width)], 1)


def save_positions():
    """Positions for other images, and what the ViT says of such images with them."""
    positions = torch.randn(1, 1 + 6 * 6, 3)
    save({str(grid): resized(positions, grid) for grid in (1, 3, 4, 6, 9, 13)}, "positions.pth")
    p, x = torch.load(FILES / "vit.pth.tar")["model"], torch.randn(2, 3, 20, 20)
    p = {name[len("module.") :]: value.detach() for name, value in p.items()}
    p["pos_embed"] = resized(p["pos_embed"], 5)
    np.save(FILES / "vit-x-20.npy", x.numpy())
    np.save(FILES / "vit-logits-20.npy", vit(p, x, depth=1, heads=3, features=False).numpy())


class OldPickle:
    """A module of pickling that writes ordered dictionaries as Python 2 did: a list of pairs."""

    class Pickler(pickle.Pickler):
        dispatch_table = {OrderedDict: lambda d: (OrderedDict, ([[key, value] for key, value in d.items()],), vars(d) or None)}

    dumps, dump = pickle.dumps, pickle.dump


def block(p, name, x, heads, epsilon):
    norm = lambda part, x: F.layer_norm(x, x.shape[-1:], p[f"{name}.{part}.weight"], p[f"{name}.{part}.bias"], epsilon)
    linear = lambda part, x: F.linear(x, p[f"{name}.{part}.weight"], p.get(f"{name}.{part}.bias"))
    batch, length, width = x.shape
    q, k, v = linear("attn.qkv", norm("norm1", x)).reshape(batch, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    attention = (q @ k.transpose(-1, -2) / math.sqrt(width // heads)).softmax(-1) @ v
    scaled = lambda part, x: x * p.get(f"{name}.{part}.gamma", torch.ones(()))
    x = x + scaled("ls1", linear("attn.proj", attention.transpose(1, 2).reshape(batch, length, width)))
    return x + scaled("ls2", linear("mlp.fc2", F.gelu(linear("mlp.fc1", norm("norm2", x)))))


def patches(p, x):
    weight = p["patch_embed.proj.weight"]
    return F.conv2d(x, weight, p["patch_embed.proj.bias"], stride=weight.shape[-1]).flatten(2).transpose(1, 2)


def uvit(p, x, t, y, depth, heads):
    width, (batch, channels, side, _) = p["pos_embed"].shape[-1], x.shape
    angles = t[:, None] * torch.exp(-math.log(10000) * torch.arange(width // 2) / (width // 2))
    time = torch.cat([angles.cos(), angles.sin()], -1)
    if "time_embed.0.weight" in p:
        hidden = F.silu(F.linear(time, p["time_embed.0.weight"], p["time_embed.0.bias"]))
        time = F.linear(hidden, p["time_embed.2.weight"], p["time_embed.2.bias"])
    tokens = [time[:, None], patches(p, x)]
    if y is not None:
        tokens.insert(0, p["label_emb.weight"][y][:, None])
    h, skips = torch.cat(tokens, 1) + p["pos_embed"], []
    for i in range(depth // 2):
        h = block(p, f"in_blocks.{i}", h, heads, 1e-5)
        skips.append(h)
    h = block(p, "mid_block", h, heads, 1e-5)
    for i in range(depth // 2):
        name = f"out_blocks.{i}"
        if f"{name}.skip_linear.weight" in p:
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
    if "register_tokens" in p:
        tokens = torch.cat([tokens[:, :1], p["register_tokens"].expand(len(x), -1, -1), tokens[:, 1:]], 1)
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


def save_uvit(name, mlp=4, qkv_bias=False, skip=True, mlp_time=False, numbers=None):
    width, side, patch, channels, classes = 8, 8, 4, 2, 3
    shapes = {
        "pos_embed": (1, 2 + (side // patch) ** 2, width),
        "patch_embed.proj.weight": (width, channels, patch, patch),
        "patch_embed.proj.bias": (width,),
        "label_emb.weight": (classes, width),
        **block_shapes("in_blocks.0", width, mlp, qkv_bias),
        **block_shapes("mid_block", width, mlp, qkv_bias),
        **block_shapes("out_blocks.0", width, mlp, qkv_bias, skip),
        "norm.weight": (width,),
        "norm.bias": (width,),
        "decoder_pred.weight": (patch * patch * channels, width),
        "decoder_pred.bias": (patch * patch * channels,),
        "final_layer.weight": (channels, channels, 3, 3),
        "final_layer.bias": (channels,),
    }
    if mlp_time:
        shapes["time_embed.0.weight"], shapes["time_embed.0.bias"] = (4 * width, width), (4 * width,)
        shapes["time_embed.2.weight"], shapes["time_embed.2.bias"] = (width, 4 * width), (width,)
    p = draw(shapes)
    x, t, y = numbers or (torch.randn(3, channels, side, side), torch.tensor([0.5, 17.25, 999.0]), torch.tensor([2, 0, 1]))
    output = uvit(p, x, t, y, depth=2, heads=2)
    save(p, f"{name}.pth")
    save(gradients(p, output), f"{name}-gradients.pth", legacy=True)
    np.save(FILES / f"{name}-eps.npy", output.detach().numpy())
    if numbers is None:
        np.save(FILES / f"{name}-x.npy", x.double().numpy())
        np.save(FILES / f"{name}-t.npy", t.numpy())
        np.save(FILES / f"{name}-y.npy", y.int().numpy())
    return x, t, y


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


def save_dinov2():
    """With layer scale and registers, and without a head; and positions for other images as its code takes them, of networks without registers."""
    width, side, patch, channels, depth, registers = 12, 8, 4, 3, 2, 3
    shapes = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, 1 + (side // patch) ** 2, width),
        "register_tokens": (1, registers, width),
        "mask_token": (1, width),
        "patch_embed.proj.weight": (width, channels, patch, patch),
        "patch_embed.proj.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
    }
    for i in range(depth):
        shapes.update(block_shapes(f"blocks.{i}", width, 4, True))
        shapes.update({f"blocks.{i}.{part}.gamma": (width,) for part in ("ls1", "ls2")})
    p, x = draw(shapes), torch.randn(2, channels, side, side)
    features = vit(p, x, depth, heads=3, features=True)
    save(p, "dinov2.pth")
    features.square().mean().backward()
    used = OrderedDict((name, value.grad) for name, value in p.items() if value.grad is not None)
    save(used, "dinov2-gradients.pth", legacy=True)
    np.save(FILES / "dinov2-x.npy", x.numpy())
    np.save(FILES / "dinov2-features.npy", features.detach().numpy())
    positions = torch.randn(1, 1 + 6 * 6, 3)
    save({str(grid): resized(positions, grid, offset=0.1) for grid in (4, 6, 9)}, "dinov2-positions.pth")


class WideBlock(nn.Module):
    """With the exceptions of the reference: what is in front of the first convolution depends on the group."""

    def __init__(self, ins, outs, stride, activate_before_residual):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(ins, momentum=0.001, eps=0.001)
        self.conv1 = nn.Conv2d(ins, outs, 3, stride, 1)
        self.bn2 = nn.BatchNorm2d(outs, momentum=0.001, eps=0.001)
        self.conv2 = nn.Conv2d(outs, outs, 3, 1, 1)
        self.equal = ins == outs
        self.convShortcut = None if self.equal else nn.Conv2d(ins, outs, 1, stride)
        self.activate_before_residual = activate_before_residual

    def forward(self, x):
        activated = F.leaky_relu(self.bn1(x), 0.1)
        if not self.equal and self.activate_before_residual:
            x = activated
        out = self.conv1(activated if self.equal else x)
        out = self.conv2(F.leaky_relu(self.bn2(out), 0.1))
        return (x if self.equal else self.convShortcut(x)) + out


class WideGroup(nn.Module):
    def __init__(self, *blocks):
        super().__init__()
        self.layer = nn.Sequential(*blocks)

    def forward(self, x):
        return self.layer(x)


class WideNet(nn.Module):
    def __init__(self, width, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1)
        self.block1 = WideGroup(WideBlock(16, width, 1, True))
        self.block2 = WideGroup(WideBlock(width, 2 * width, 2, False))
        self.block3 = WideGroup(WideBlock(2 * width, 4 * width, 2, False))
        self.bn1 = nn.BatchNorm2d(4 * width, momentum=0.001, eps=0.001)
        self.fc = nn.Linear(4 * width, classes)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        return self.fc(F.leaky_relu(self.bn1(x), 0.1).mean((2, 3)))


def save_wrn():
    """A checkpoint with the nesting of FreeMatch's, of a network of depth 10 that has seen a few batches."""
    net = WideNet(width=4, classes=5)
    for parameter in net.parameters():
        parameter.data += 0.2 * torch.randn(parameter.shape)
    for _ in range(3):
        net(torch.randn(8, 3, 8, 8))
    for name, buffer in net.named_buffers():
        if name.endswith("running_mean"):
            buffer.copy_(torch.randn(buffer.shape))
        elif name.endswith("running_var"):
            buffer.copy_(torch.rand(buffer.shape) + 0.1)
    net.eval()
    state = OrderedDict(("module." + name, tensor) for name, tensor in net.state_dict().items())
    live = OrderedDict((name, tensor * 0) for name, tensor in list(state.items())[:2])
    save({"model": live, "ema_model": state, "it": 20000, "best_eval_acc": 0.95}, "wrn.pth")
    x = torch.randn(3, 3, 8, 8)
    logits = net(x)
    gradients({}, logits)
    save(OrderedDict((name, p.grad) for name, p in net.named_parameters() if p.grad is not None), "wrn-gradients.pth", legacy=True)
    np.save(FILES / "wrn-x.npy", x.numpy())
    np.save(FILES / "wrn-logits.npy", logits.detach().numpy())


def songunet_shapes(side, channels, width, multipliers, classes, augmentation):
    """The tensors of a network with one block a level and attention nowhere but at the bottom."""
    emb, shapes, skips = 4 * width, OrderedDict(), [width]

    def layer(name, *shape, bias=True):
        shapes[name + ".weight"] = shape
        if bias:
            shapes[name + ".bias"] = shape[:1]

    def block(name, ins, outs, resamples=False, attention=False):
        layer(name + ".norm0", ins)
        layer(name + ".conv0", outs, ins, 3, 3)
        layer(name + ".affine", outs, emb)
        layer(name + ".norm1", outs)
        layer(name + ".conv1", outs, outs, 3, 3)
        if resamples:
            shapes[name + ".conv0.resample_filter"] = shapes[name + ".skip.resample_filter"] = (1, 1, 2, 2)
        if resamples or ins != outs:
            layer(name + ".skip", outs, ins, 1, 1)
        if attention:
            layer(name + ".norm2", outs)
            layer(name + ".qkv", 3 * outs, outs, 1, 1)
            layer(name + ".proj", outs, outs, 1, 1)
        return outs

    layer("map_label", width, classes)
    layer("map_augment", width, augmentation, bias=False)
    layer("map_layer0", emb, width)
    layer("map_layer1", emb, emb)
    layer(f"enc.{side}x{side}_conv", width, channels, 3, 3)
    x = width
    for level, multiplier in enumerate(multipliers):
        s = side >> level
        if level > 0:
            x = block(f"enc.{s}x{s}_down", x, x, resamples=True)
            skips.append(x)
        x = block(f"enc.{s}x{s}_block0", x, width * multiplier)
        skips.append(x)
    for level, multiplier in reversed(list(enumerate(multipliers))):
        s = side >> level
        if level == len(multipliers) - 1:
            x = block(f"dec.{s}x{s}_in0", x, x, attention=True)
            x = block(f"dec.{s}x{s}_in1", x, x)
        else:
            x = block(f"dec.{s}x{s}_up", x, x, resamples=True)
        for i in range(2):
            x = block(f"dec.{s}x{s}_block{i}", x + skips.pop(), width * multiplier)
    layer(f"dec.{side}x{side}_aux_norm", x)
    layer(f"dec.{side}x{side}_aux_conv", channels, x, 3, 3)
    return shapes


def songunet(p, x, noise, labels, side, levels):
    """Blocks in the order of their names; labels are rows, one-hot times the root of the classes, or 0."""

    def conv(name, x):
        weight = p[name + ".weight"]
        return F.conv2d(x, weight, p[name + ".bias"], padding=weight.shape[-1] // 2)

    def norm(name, x):
        weight = p[name + ".weight"]
        return F.group_norm(x, min(32, len(weight) // 4), weight, p[name + ".bias"], 1e-6)

    def linear(name, x):
        return F.linear(x, p[name + ".weight"], p[name + ".bias"])

    def block(name, x, resample=lambda x: x):
        y = conv(name + ".conv0", resample(F.silu(norm(name + ".norm0", x))))
        y = y + linear(name + ".affine", emb)[:, :, None, None]
        y = conv(name + ".conv1", F.silu(norm(name + ".norm1", y)))
        x = (y + (conv(name + ".skip", resample(x)) if name + ".skip.weight" in p else x)) * 0.5**0.5
        if name + ".qkv.weight" in p:
            q, k, v = conv(name + ".qkv", norm(name + ".norm2", x)).reshape(len(x), x.shape[1], 3, -1).unbind(2)
            weights = torch.softmax(torch.einsum("bcq,bck->bqk", q, k) / x.shape[1] ** 0.5, 2)
            y = torch.einsum("bqk,bck->bcq", weights, v).reshape(x.shape)
            x = (x + conv(name + ".proj", y)) * 0.5**0.5
        return x

    half = p["map_layer0.weight"].shape[1] // 2
    angles = noise[:, None] * (1 / 10000) ** (torch.arange(half, dtype=x.dtype) / (half - 1))
    emb = torch.cat([angles.sin(), angles.cos()], 1) + linear("map_label", labels * labels.shape[1] ** 0.5)
    emb = F.silu(linear("map_layer1", F.silu(linear("map_layer0", emb))))
    x = conv(f"enc.{side}x{side}_conv", x)
    skips = [x]
    for level in range(levels):
        s = side >> level
        if level > 0:
            x = block(f"enc.{s}x{s}_down", x, lambda x: F.avg_pool2d(x, 2))
            skips.append(x)
        x = block(f"enc.{s}x{s}_block0", x)
        skips.append(x)
    for level in reversed(range(levels)):
        s = side >> level
        if level == levels - 1:
            x = block(f"dec.{s}x{s}_in1", block(f"dec.{s}x{s}_in0", x))
        else:
            x = block(f"dec.{s}x{s}_up", x, lambda x: F.interpolate(x, scale_factor=2, mode="nearest"))
        for i in range(2):
            x = block(f"dec.{s}x{s}_block{i}", torch.cat([x, skips.pop()], 1))
    return conv(f"dec.{side}x{side}_aux_conv", F.silu(norm(f"dec.{side}x{side}_aux_norm", x)))


def save_songunet():
    """With the nesting of an EDM snapshot. Of the labels, the last is none. Samples: EDM's preconditioning and Heun steps in double precision."""
    side, channels, width, multipliers, classes = 8, 2, 4, (2, 1), 3
    shapes = songunet_shapes(side, channels, width, multipliers, classes, augmentation=9)
    p = draw({name: shape for name, shape in shapes.items() if "filter" not in name})
    filters = {name: torch.full(shape, 0.25) for name, shape in shapes.items() if "filter" in name}
    save({"ema": {"model": OrderedDict({**{name: value.detach() for name, value in p.items()}, **filters})}}, "songunet.pth")
    x, noise, labels = torch.randn(3, channels, side, side), torch.tensor([-1.5, 0.2, 1.0]), torch.eye(classes + 1)[[2, 0, 3], :classes]
    output = songunet(p, x, noise, labels, side, len(multipliers))
    gradients({}, output)
    save(OrderedDict((name, value.grad) for name, value in p.items() if value.grad is not None), "songunet-gradients.pth", legacy=True)
    for name, array in (("x", x), ("t", noise), ("y", torch.tensor([2, 0, 3])), ("out", output.detach())):
        np.save(FILES / f"songunet-{name}.npy", array.numpy())

    q = OrderedDict((name, value.detach().double()) for name, value in p.items())

    def denoised(x, sigma):
        root = math.sqrt(sigma**2 + 0.25)
        times = torch.full((len(x),), math.log(sigma) / 4, dtype=x.dtype)
        return 0.25 / root**2 * x + 0.5 * sigma / root * songunet(q, x / root, times, labels.double(), side, len(multipliers))

    z, steps = torch.randn(3, channels, side, side), 4
    sigmas = [(80 ** (1 / 7) + i / (steps - 1) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7 for i in range(steps)] + [0]
    x = z.double() * sigmas[0]
    for now, then in zip(sigmas, sigmas[1:]):
        slope = (x - denoised(x, now)) / now
        guess = x + (then - now) * slope
        x = guess if then == 0 else x + (then - now) * (slope + (guess - denoised(guess, then)) / then) / 2
    np.save(FILES / "songunet-z.npy", z.numpy())
    np.save(FILES / "songunet-samples.npy", x.float().numpy())


def autoencoder_shapes(channels, width, multipliers, blocks, z):
    shapes = {}

    def layer(name, *shape):
        shapes[name + ".weight"], shapes[name + ".bias"] = shape, shape[:1]

    def block(name, ins, outs):
        layer(name + ".norm1", ins)
        layer(name + ".conv1", outs, ins, 3, 3)
        layer(name + ".norm2", outs)
        layer(name + ".conv2", outs, outs, 3, 3)
        if ins != outs:
            layer(name + ".nin_shortcut", outs, ins, 1, 1)

    def half(name, ins, outs):
        layer(name + ".conv_in", *ins, 3, 3)
        block(name + ".mid.block_1", bottom, bottom)
        layer(name + ".mid.attn_1.norm", bottom)
        for part in ("q", "k", "v", "proj_out"):
            layer(f"{name}.mid.attn_1.{part}", bottom, bottom, 1, 1)
        block(name + ".mid.block_2", bottom, bottom)
        layer(name + ".norm_out", outs[1])
        layer(name + ".conv_out", *outs, 3, 3)

    widths = [width * m for m in multipliers]
    bottom = widths[-1]
    half("encoder", (width, channels), (2 * z, bottom))
    half("decoder", (bottom, z), (channels, width))
    layer("quant_conv", 2 * z, 2 * z, 1, 1)
    layer("post_quant_conv", z, z, 1, 1)
    for level, outs in enumerate(widths):
        above, below = widths[max(level - 1, 0)], widths[min(level + 1, len(widths) - 1)]
        for i in range(blocks):
            block(f"encoder.down.{level}.block.{i}", outs if i else above, outs)
        for i in range(blocks + 1):
            block(f"decoder.up.{level}.block.{i}", outs if i else below, outs)
        if level < len(widths) - 1:
            layer(f"encoder.down.{level}.downsample.conv", outs, outs, 3, 3)
        if level > 0:
            layer(f"decoder.up.{level}.upsample.conv", outs, outs, 3, 3)
    return shapes


def autoencoder_weights(shapes):
    """Numbers of -1..1 that look like no others, by the tensor's place among the names; scaled so that a layer keeps the size of what it is given."""
    weights = {}
    for n, name in enumerate(sorted(shapes)):
        shape = shapes[name]
        numbers = (np.arange(math.prod(shape)) * 7919 + n * 104729) % 2003 / 1001.5 - 1
        if len(shape) == 4:
            numbers = numbers * (1.7 / math.sqrt(math.prod(shape[1:])))
        else:
            numbers = numbers * 0.3 + (1 if "norm" in name and name.endswith("weight") else 0)
        weights[name] = torch.tensor(numbers.astype(np.float32).reshape(shape))
    return weights


def autoencoder_parts(p, levels, blocks):
    """The encoder, to means and logarithms of variances, and the decoder, of codes."""

    def conv(name, x, **options):
        weight = p[name + ".weight"]
        return F.conv2d(x, weight, p[name + ".bias"], **{"padding": weight.shape[-1] // 2, **options})

    def norm(name, x):
        return F.group_norm(x, 32, p[name + ".weight"], p[name + ".bias"], 1e-6)

    def block(name, x):
        h = conv(name + ".conv2", F.silu(norm(name + ".norm2", conv(name + ".conv1", F.silu(norm(name + ".norm1", x))))))
        return (conv(name + ".nin_shortcut", x) if name + ".nin_shortcut.weight" in p else x) + h

    def middle(name, x):
        x = block(name + ".block_1", x)
        q, k, v = (conv(f"{name}.attn_1.{part}", norm(name + ".attn_1.norm", x)).flatten(2) for part in "qkv")
        weights = torch.softmax(torch.einsum("bcq,bck->bqk", q, k) * x.shape[1] ** -0.5, 2)
        x = x + conv(name + ".attn_1.proj_out", torch.einsum("bqk,bck->bcq", weights, v).reshape(x.shape))
        return block(name + ".block_2", x)

    def encode(x):
        x = conv("encoder.conv_in", x)
        for level in range(levels):
            for i in range(blocks):
                x = block(f"encoder.down.{level}.block.{i}", x)
            if level < levels - 1:
                x = conv(f"encoder.down.{level}.downsample.conv", F.pad(x, (0, 1, 0, 1)), stride=2, padding=0)
        return conv("quant_conv", conv("encoder.conv_out", F.silu(norm("encoder.norm_out", middle("encoder.mid", x)))))

    def decode(codes):
        x = middle("decoder.mid", conv("decoder.conv_in", conv("post_quant_conv", codes)))
        for level in reversed(range(levels)):
            for i in range(blocks + 1):
                x = block(f"decoder.up.{level}.block.{i}", x)
            if level > 0:
                x = conv(f"decoder.up.{level}.upsample.conv", F.interpolate(x, scale_factor=2, mode="nearest"))
        return conv("decoder.conv_out", F.silu(norm("decoder.norm_out", x)))

    return encode, decode


def save_autoencoder():
    """Moments, a latent with the noise that it is drawn with, and the image of that latent, in double precision."""
    multipliers, blocks, z = (1, 2), 1, 3
    p = autoencoder_weights(autoencoder_shapes(3, 32, multipliers, blocks, z))
    encode, decode = autoencoder_parts({name: value.double() for name, value in p.items()}, len(multipliers), blocks)
    x, noise = torch.rand(2, 3, 6, 6) * 2 - 1, torch.randn(2, z, 3, 3)
    moments = encode(x.double())
    mean, log_variance = moments.chunk(2, 1)
    latent = 0.18215 * (mean + torch.exp(0.5 * log_variance.clamp(-30, 20)) * noise)
    for name, array in (("x", x), ("moments", moments), ("noise", noise), ("latents", latent), ("images", decode(latent / 0.18215))):
        np.save(FILES / f"autoencoder-{name}.npy", array.float().numpy())


class Continuous:
    """beta(t) = 0.1 + 19.9 t (Song et al., ICLR 2021); the network is told 999 t."""

    end = 1e-4

    def log_alpha(self, t):
        return -0.25 * t**2 * 19.9 - 0.5 * t * 0.1

    def time(self, lam):
        log_alpha = -0.5 * np.logaddexp(-2 * lam, 0)
        return (math.sqrt(0.1**2 - 4 * 19.9 * log_alpha) - 0.1) / 19.9

    def label(self, t):
        return 999 * t


class Discrete:
    """1000 steps, sqrt(beta) linear (Rombach et al., CVPR 2022), ln alpha linear between them; the network is told 1000 t."""

    end = 1e-3
    knots = np.concatenate([[0], 0.5 * np.cumsum(np.log(1 - np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2))])

    def log_alpha(self, t):
        return float(np.interp(t, np.arange(1001) / 1000, self.knots))

    def label(self, t):
        return 1000 * t


def guided(p, y, schedule, scale):
    """eps + s (eps - eps_null); the null label is the last row of the table."""
    null = torch.full_like(y, len(p["label_emb.weight"]) - 1)

    def eps(x, t):
        times = torch.full((len(x),), schedule.label(t), dtype=x.dtype)
        with_label = uvit(p, x, times, y, depth=2, heads=2)
        return with_label if scale == 0 else with_label + scale * (with_label - uvit(p, x, times, null, depth=2, heads=2))

    return eps


def solver_orders(steps):
    return [3] * (steps // 3 - 1) + [2, 1] if steps % 3 == 0 else [3] * (steps // 3) + [steps % 3]


def dpm_solver(eps, x, schedule, steps, plus):
    """
    DPM-Solver-3 (Lu et al., NeurIPS 2022) on a grid uniform in lambda, or DPM-Solver++(3S) (Lu et al. 2022, arXiv 2211.01095) on a
    grid uniform in time with a step of order k over k intervals; both spend exactly so many evaluations.
    """
    alpha = lambda t: math.exp(schedule.log_alpha(t))
    sigma = lambda t: math.sqrt(-math.expm1(2 * schedule.log_alpha(t)))
    lam = lambda t: schedule.log_alpha(t) - math.log(sigma(t))
    model = (lambda x, t: (x - sigma(t) * eps(x, t)) / alpha(t)) if plus else eps
    scale, sign = (alpha, -1) if plus else (sigma, 1)
    move = lambda x, s, t: (sigma(t) / sigma(s) if plus else alpha(t) / alpha(s)) * x
    phi = lambda h: math.expm1(sign * h)
    orders, start = solver_orders(steps), 0
    grid = np.linspace(1, schedule.end, steps + 1) if plus else [schedule.time(v) for v in np.linspace(lam(1), lam(schedule.end), len(orders) + 1)]
    if not plus:
        grid[0], grid[-1] = 1.0, schedule.end
    for i, k in enumerate(orders):
        s, t = (grid[start], grid[start + k]) if plus else (grid[i], grid[i + 1])
        inner = list(grid[start + 1 : start + k]) if plus else [schedule.time(lam(s) + r * (lam(t) - lam(s))) for r in ((), (1 / 2,), (1 / 3, 2 / 3))[k - 1]]
        start, h, m = start + k, lam(t) - lam(s), model(x, s)
        r = [(lam(u) - lam(s)) / h for u in inner]
        result = move(x, s, t) - scale(t) * phi(h) * m
        if k >= 2:
            x1 = move(x, s, inner[0]) - scale(inner[0]) * phi(r[0] * h) * m
            d1 = model(x1, inner[0]) - m
        if k == 2:
            result = result - scale(t) * phi(h) / (2 * r[0]) * d1
        if k == 3:
            z = r[1] * h
            x2 = move(x, s, inner[1]) - scale(inner[1]) * phi(z) * m
            x2 = x2 - sign * r[1] / r[0] * scale(inner[1]) * (phi(z) / z - sign) * d1
            d2 = model(x2, inner[1]) - m
            result = result - sign * scale(t) / r[1] * (phi(h) / h - sign) * d2
        x = result
    return x


def save_samples():
    """Samples of the U-ViT in double precision, from noise and labels in files."""
    p = OrderedDict((name, value.detach().double()) for name, value in torch.load(FILES / "uvit.pth").items())
    z, y = torch.randn(3, 2, 8, 8), torch.tensor([1, 0, 1])
    np.save(FILES / "uvit-z.npy", z.numpy())
    np.save(FILES / "uvit-z-labels.npy", y.numpy())
    for name, schedule, steps, plus, scale in (
        ("continuous", Continuous(), 11, False, 0.4),
        ("continuous-unguided", Continuous(), 12, False, 0),
        ("discrete", Discrete(), 13, True, 0.4),
    ):
        samples = dpm_solver(guided(p, y, schedule, scale), z.double(), schedule, steps, plus)
        np.save(FILES / f"uvit-samples-{name}.npy", samples.float().numpy())


if __name__ == "__main__":
    FILES.mkdir(exist_ok=True)
    torch.manual_seed(1)
    for legacy in (False, True):
        suffix = "-legacy.pth" if legacy else ".pth"
        save(numbers(), "tensors" + suffix, legacy)
        save(msn(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))), "msn" + suffix, legacy)
    save({"protocol": 4, "tensor": torch.ones(2)}, "protocol-4.pth", pickle_protocol=4)
    save(77, "step.pth")
    numbers_of_uvit = save_uvit("uvit")
    save_vit()
    save_samples()
    layer = nn.Linear(2, 2).state_dict()
    layer["weight"], layer["bias"] = torch.arange(4.0).reshape(2, 2), torch.arange(2.0)
    save(layer, "pairs.pth", pickle_module=OldPickle)
    save_objects()
    save_positions()
    save_uvit("uvit-options", mlp=2, qkv_bias=True, skip=False, numbers=numbers_of_uvit)
    save_wrn()
    torch.manual_seed(2)
    save_songunet()
    torch.manual_seed(3)
    save_autoencoder()
    torch.manual_seed(4)
    save_uvit("uvit-time", mlp_time=True, numbers=numbers_of_uvit)
    torch.manual_seed(5)
    save_dinov2()
