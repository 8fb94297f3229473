"""Makes Files/resized.npz: pictures as Pillow resizes and torchvision crops them (Resize(side), then CenterCrop(side)).

Needs python3-pil and python3-numpy: python3 tests/Dpt.Tests/Data/make-resized-images.py
"""
from pathlib import Path

import numpy as np
from PIL import Image

CASES = [
    (8, 8, 4), (7, 5, 3), (5, 7, 3), (32, 32, 45), (64, 48, 32), (48, 64, 31), (100, 30, 16), (3, 90, 8), (9, 9, 9), (9, 12, 9), (12, 9, 9),
    (1, 1, 4), (5, 1, 3), (17, 23, 40), (50, 50, 7), (61, 44, 43),
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


if __name__ == "__main__":
    np.savez_compressed(
        Path(__file__).parent / "Files" / "resized.npz", **{f"{w}x{h}-{side}": square(picture(w, h), side) for w, h, side in CASES}
    )
