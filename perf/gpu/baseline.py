"""Times PyTorch (cuBLAS, its fused attention and norms) on the shapes of a `dpt kernels bench --json` file.

    python3 baseline.py bench.json > baseline.json

CUDA events around whole turns, operands that take turns and together exceed the cache, medians. fp32 means fp32:
TF32 is off except where a line says tf32. Shapes that this script does not know are left out.
"""
import json
import re
import statistics
import sys

import torch
import torch.nn.functional as F

TURNS, SECONDS, CACHE_BYTES = 9, 0.02, 128 << 20
DTYPES = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16}


def numbers(label):
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", label)}


def matmul(label, dtype):
    n, words = numbers(label), label.split()
    layout = next(w for w in words if re.fullmatch("[NT][NT]", w))
    if "residual" in label or "stride" in label or "'" in label:
        return None

    def make():
        a = torch.randn((n["K"], n["M"]) if layout[0] == "T" else (n["M"], n["K"]), device="cuda", dtype=dtype)
        b = torch.randn((n["N"], n["K"]) if layout[1] == "T" else (n["K"], n["N"]), device="cuda", dtype=dtype)
        c = torch.zeros(n["M"], n["N"], device="cuda", dtype=dtype)
        bias = torch.randn(n["N"], device="cuda", dtype=dtype) if "bias" in words else None
        a, b = (a.t() if layout[0] == "T" else a), (b.t() if layout[1] == "T" else b)

        def run():
            if "accumulate" in words:
                return c.addmm_(a, b)
            y = torch.addmm(bias, a, b) if bias is not None else torch.mm(a, b)
            return F.gelu(y) if "Gelu" in words else F.silu(y) if "Silu" in words else y

        return run, sum(t.numel() * t.element_size() for t in (a, b, c))

    return make


def attention(label, dtype, backward):
    n = numbers(label)

    def make():
        qkv = torch.randn(n["B"], n["L"], 3, n["H"], n["d"], device="cuda", dtype=dtype, requires_grad=backward)
        q, k, v = (qkv[:, :, i].transpose(1, 2) for i in range(3))
        size = 4 * qkv.numel() * qkv.element_size() // 3
        if not backward:
            return lambda: F.scaled_dot_product_attention(q, k, v).transpose(1, 2).contiguous(), size
        o = F.scaled_dot_product_attention(q, k, v)
        gradient = torch.randn_like(o)
        return lambda: torch.autograd.grad(o, qkv, gradient, retain_graph=True), 2 * size

    return make


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
        for precision, dtype in DTYPES.items():
            torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
            make = case(operator, label, dtype)
            if make is not None and not (precision == "tf32" and operator != "matmul"):
                results.append({"operator": operator, "case": label, "precision": precision, "seconds": measure(make)})
    print(json.dumps({
        "torch": torch.__version__, "cuda": torch.version.cuda, "device": torch.cuda.get_device_name(), "results": results,
    }, indent=1))


if __name__ == "__main__":
    main()
