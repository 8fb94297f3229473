"""Times PyTorch (cuBLAS, its fused attention and norms) on the shapes of a `dpt kernels bench --json` file.

    python3 baseline.py bench.json > baseline.json

CUDA events around whole turns, operands that take turns and together exceed the cache, medians. fp32 means fp32:
TF32 is off except where a line says tf32. Attention in bf16 is the fastest of PyTorch's own choice, flash attention and
cuDNN. Shapes that this script does not know are left out.
"""
import json
import re
import statistics
import sys

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

TURNS, SECONDS, CACHE_BYTES = 9, 0.02, 128 << 20
DTYPES = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16}


def numbers(label):
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", label)}


def matmul(label, dtype):
    n, words = numbers(label), label.split()
    layout = next(w for w in words if re.fullmatch("[NT][NT]", w))
    if any(mark in label for mark in ("residual:Result", "stride", "row", " of ", "'")):
        return None

    def make():
        a = torch.randn((n["K"], n["M"]) if layout[0] == "T" else (n["M"], n["K"]), device="cuda", dtype=dtype)
        b = torch.randn((n["N"], n["K"]) if layout[1] == "T" else (n["K"], n["N"]), device="cuda", dtype=dtype)
        c = torch.zeros(n["M"], n["N"], device="cuda", dtype=dtype)
        bias = torch.randn(n["N"], device="cuda", dtype=dtype) if "bias" in words else None
        residual = torch.randn_like(c) if "residual" in label else None
        a, b = (a.t() if layout[0] == "T" else a), (b.t() if layout[1] == "T" else b)

        def run():
            if "accumulate" in words:
                return c.addmm_(a, b)
            y = torch.addmm(bias, a, b) if bias is not None else torch.mm(a, b)
            y = F.gelu(y) if "Gelu" in words else F.silu(y) if "Silu" in words else y
            return y if residual is None else y.add_(residual)

        return run, sum(t.numel() * t.element_size() for t in (a, b, c))

    return make


def attention(label, dtype, backward):
    n = numbers(label)

    def make():
        qkv = torch.randn(n["B"], n["L"], 3, n["H"], n["d"], device="cuda", dtype=dtype)
        q, k, v = (x.transpose(1, 2).requires_grad_(backward) for x in qkv.unbind(2))
        size = 4 * qkv.numel() * qkv.element_size() // 3
        if not backward:
            return lambda: F.scaled_dot_product_attention(q, k, v).transpose(1, 2).contiguous(), size
        o = F.scaled_dot_product_attention(q, k, v)
        gradient = torch.randn_like(o)
        # Three gradients, in PyTorch's favour: ours come out packed as qkv is.
        return lambda: torch.autograd.grad(o, (q, k, v), gradient, retain_graph=True), 2 * size

    return make


def fastest(make):
    """The least time of PyTorch's own choice and of the kernels that it could have chosen."""
    times = {"default": measure(make)}
    for backend in (SDPBackend.FLASH_ATTENTION, SDPBackend.CUDNN_ATTENTION):
        try:
            with sdpa_kernel(backend):
                times[backend.name] = measure(make)
        except RuntimeError:
            pass  # This PyTorch does not have it, or not for this shape.
    return min(times.values()), min(times, key=times.get)


def layernorm(label, dtype):
    n = numbers(label)

    def make():
        x = torch.randn(n["rows"], n["width"], device="cuda", dtype=dtype)
        w, b = torch.ones(n["width"], device="cuda", dtype=dtype), torch.zeros(n["width"], device="cuda", dtype=dtype)
        return lambda: F.layer_norm(x, (n["width"],), w, b), 2 * x.numel() * x.element_size()

    return make


def layernorm_backward(label, dtype):
    n = numbers(label)

    def make():
        x = torch.randn(n["rows"], n["width"], device="cuda", dtype=dtype, requires_grad=True)
        w = torch.ones(n["width"], device="cuda", dtype=dtype, requires_grad=True)
        b = torch.zeros(n["width"], device="cuda", dtype=dtype, requires_grad=True)
        y = F.layer_norm(x, (n["width"],), w, b)
        gradient = torch.randn_like(y)
        return lambda: torch.autograd.grad(y, (x, w, b), gradient, retain_graph=True), 3 * x.numel() * x.element_size()

    return make


def elements(function, tensors):
    """One call on tensors of as many elements as the label says."""
    def of(label, dtype):
        n = numbers(label)
        shape = (n["rows"], n["columns"]) if "columns" in n else (n["count"],)

        def make():
            x = [torch.randn(shape, device="cuda", dtype=dtype) for _ in range(tensors)]
            return lambda: function(*x), tensors * x[0].numel() * x[0].element_size()

        return make

    return of


def adamw(label, dtype):
    """What ours does in one pass: the fused step, the moving average, and a cleared gradient."""
    n = numbers(label)

    def make():
        p = torch.randn(n["count"], device="cuda", dtype=dtype, requires_grad=True)
        average, p.grad = p.detach().clone(), torch.randn_like(p)
        optimizer = torch.optim.AdamW([p], lr=1e-4, fused=True)

        def run():
            optimizer.step()
            average.lerp_(p.detach(), 0.001)
            p.grad.zero_()

        return run, 5 * p.numel() * p.element_size()

    return make


def case(operator, label, dtype):
    operator = operator.removesuffix(".bf16")
    if operator == "matmul":
        return matmul(label, dtype)
    if operator in ("attention.forward", "attention.backward"):
        return attention(label, dtype, operator.endswith("backward"))
    if operator == "layernorm.forward":
        return layernorm(label, dtype)
    if dtype != torch.float32:
        return None
    if operator == "activation" and "Gelu" not in label.split():
        return None
    others = {
        "layernorm.backward": layernorm_backward,
        "activation": elements(F.gelu, 1),
        "axpby": elements(lambda x, y: y.add_(x, alpha=0.7), 2),
        "columnsum": elements(lambda x: x.sum(0), 1),
        "norm": elements(torch.linalg.vector_norm, 1),
        "adamw": adamw,
    }
    return others[operator](label, dtype) if operator in others else None


def precisions(operator):
    """In which our variants of the operator compute."""
    return ["bf16"] if operator.endswith(".bf16") else list(DTYPES) if operator == "matmul" else ["fp32", "bf16"]


def seconds_of(runs, count):
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for i in range(count):
        runs[i % len(runs)]()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3 / count


def measure(make):
    run, size = make()
    runs = [run] + [make()[0] for _ in range(min(31, CACHE_BYTES // max(size, 1)))]
    for run in runs[:3]:
        run()
    torch.cuda.synchronize()
    count = max(1, min(10_000, int(SECONDS / max(seconds_of(runs, 3), 1e-7))))
    return statistics.median(seconds_of(runs, count) for _ in range(TURNS))


def main():
    with open(sys.argv[1]) as file:
        bench = json.load(file)
    shapes = dict.fromkeys((r["id"].split("/")[0], r["case"]) for r in bench["results"])
    results = []
    for operator, label in shapes:
        for precision in precisions(operator):
            torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
            make = case(operator, label, DTYPES[precision])
            if make is None:
                continue
            seconds, kernel = fastest(make) if operator.startswith("attention") and precision == "bf16" else (measure(make), "default")
            results.append({"operator": operator, "case": label, "precision": precision, "seconds": seconds, "kernel": kernel})
    print(json.dumps({
        "torch": torch.__version__, "cuda": torch.version.cuda, "device": torch.cuda.get_device_name(), "results": results,
    }, indent=1))


if __name__ == "__main__":
    main()
