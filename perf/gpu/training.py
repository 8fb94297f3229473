"""Times PyTorch's training step of the U-ViT-S of uvit-s.json: forward, backward, clipping, AdamW and the moving average.

    python3 training.py > training.json

Eager and torch.compile, fp32 (without TF32) and bf16 by autocast; medians of turns on the wall clock, as a user waits.
"""
import json
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

SIDE, PATCH, WIDTH, DEPTH, HEADS, CLASSES, BATCH = 32, 2, 512, 12, 8, 10, 128
TURNS, STEPS = 7, 10


class Block(nn.Module):
    def __init__(self, has_skip):
        super().__init__()
        self.skip = nn.Linear(2 * WIDTH, WIDTH) if has_skip else None
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH)
        self.fc1, self.fc2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x, kept=None):
        if self.skip is not None:
            x = self.skip(torch.cat([x, kept], -1))
        batch, tokens, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, tokens, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, WIDTH))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class UViT(nn.Module):
    def __init__(self):
        super().__init__()
        side = SIDE // PATCH
        self.patches, self.labels = nn.Conv2d(1, WIDTH, PATCH, PATCH), nn.Embedding(CLASSES + 1, WIDTH)
        self.positions = nn.Parameter(0.02 * torch.randn(1, side * side + 2, WIDTH))
        self.down = nn.ModuleList(Block(False) for _ in range(DEPTH // 2))
        self.middle = Block(False)
        self.up = nn.ModuleList(Block(True) for _ in range(DEPTH // 2))
        self.norm, self.pixels, self.smooth = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, PATCH * PATCH), nn.Conv2d(1, 1, 3, padding=1)
        self.register_buffer("frequencies", torch.exp(-torch.arange(WIDTH // 2) * (9.21034 / (WIDTH // 2))))

    def forward(self, x, t, y):
        angles = t[:, None] * self.frequencies
        time_token = torch.cat([angles.cos(), angles.sin()], -1)[:, None]
        x = torch.cat([time_token, self.labels(y)[:, None], self.patches(x).flatten(2).transpose(1, 2)], 1) + self.positions
        kept = []
        for block in self.down:
            x = block(x)
            kept.append(x)
        x = self.middle(x)
        for block in self.up:
            x = block(x, kept.pop())
        side = SIDE // PATCH
        x = self.pixels(self.norm(x))[:, 2:].view(-1, side, side, PATCH, PATCH)
        return self.smooth(x.transpose(2, 3).reshape(-1, 1, SIDE, SIDE))


def step_of(precision, compiles):
    torch.manual_seed(1)
    model = UViT().cuda()
    parameters = list(model.parameters())
    average = [p.detach().clone() for p in parameters]
    optimizer = torch.optim.AdamW(parameters, lr=2e-4, fused=True)
    network = torch.compile(model) if compiles else model
    x, y = torch.randn(BATCH, 1, SIDE, SIDE, device="cuda"), torch.randint(0, CLASSES, (BATCH,), device="cuda")

    def step():
        noise, t = torch.randn_like(x), torch.rand(BATCH, device="cuda")
        a, b = t.cos()[:, None, None, None], t.sin()[:, None, None, None]
        with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16"):
            loss = (network(a * x + b * noise, 1000 * t, y).float() - (a * noise - b * x)).square().mean()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
        torch._foreach_lerp_(average, [p.detach() for p in parameters], 0.005)

    return step


def seconds_of(step):
    times = []
    for _ in range(TURNS + 1):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(STEPS):
            step()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) / STEPS)
    return statistics.median(times[1:])


def main():
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    results = [
        {"precision": precision, "how": "compiled" if compiles else "eager", "seconds": seconds_of(step_of(precision, compiles))}
        for precision in ("fp32", "bf16") for compiles in (False, True)
    ]
    print(json.dumps({"torch": torch.__version__, "device": torch.cuda.get_device_name(), "results": results}, indent=1))


if __name__ == "__main__":
    main()
