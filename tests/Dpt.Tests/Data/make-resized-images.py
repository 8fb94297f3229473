"""Makes Files/resized.npz: pictures as Pillow resizes and torchvision crops them (Resize(side), then CenterCrop(side)), and
Files/resized-adm.npz: as ADM does it (Dhariwal and Nichol, 2021), halving by means first, then bicubic.

Needs python3-pil and python3-numpy: python3 tests/Dpt.Tests/Data/make-resized-images.py
"""
from pathlib import Path

import numpy as np
from PIL import Image

CASES = [
    (8, 8, 4), (7, 5, 3), (5, 7, 3), (32, 32, 45), (64, 48, 32), (48, 64, 31), (100, 30, 16), (3, 90, 8), (9, 9, 9), (9, 12, 9), (12, 9, 9),
    (1, 1, 4), (5, 1, 3), (17, 23, 40), (50, 50, 7), (61, 44, 43),
]


ADM_CASES = [
    (8, 8, 4), (7, 5, 3), (5, 7, 3), (32, 32, 45), (64, 48, 32), (48, 64, 31), (100, 30, 16), (3, 90, 8), (9, 9, 9), (9, 12, 9), (12, 9, 9),
    (1, 1, 4), (5, 1, 3), (17, 23, 40), (50, 50, 7), (61, 44, 43), (131, 67, 16), (67, 131, 8), (32, 47, 16), (31, 46, 16), (33, 50, 16),
    (65, 129, 8), (1, 9, 1), (21, 26, 12),
]


def picture(width, height):
    y, x = np.mgrid[:height, :width]
    return ((x * 37 + y * 91 + x * y * 13) % 256).astype(np.uint8)


def square(picture, side):
    height, width = picture.shape
    short, long = min(width, height), max(width, height)
    longer = int(side * long / short)
    new = (side, longer) if width <= height else (longer, side)
    resized = Image.fromarray(picture, "L").resize(new, Image.BILINEAR)
    left, top = int(round((new[0] - side) / 2.0)), int(round((new[1] - side) / 2.0))
    return np.asarray(resized.crop((left, top, left + side, top + side)))


def adm_square(picture, side):
    image = Image.fromarray(picture, "L")
    while min(image.size) >= 2 * side:
        image = image.resize(tuple(x // 2 for x in image.size), resample=Image.BOX)
    scale = side / min(image.size)
    resized = np.asarray(image.resize(tuple(round(x * scale) for x in image.size), resample=Image.BICUBIC))
    top, left = (resized.shape[0] - side) // 2, (resized.shape[1] - side) // 2
    return resized[top : top + side, left : left + side]


if __name__ == "__main__":
    for name, cases, make in (("resized", CASES, square), ("resized-adm", ADM_CASES, adm_square)):
        np.savez_compressed(
            Path(__file__).parent / "Files" / f"{name}.npz", **{f"{w}x{h}-{side}": make(picture(w, h), side) for w, h, side in cases}
        )
