"""Files of images that NumPy and Python's pickles, zip and tar archives write, for the tests of the readers of data sets.

    apt-get install python3-numpy      (made with Python 3.11 and NumPy 1.24.2 of Debian 12)
    python3 make-data-files.py

Pixels follow formulas that the tests repeat. What Python 2 wrote is put together here letter by letter, as its cPickle did, and read back.
"""

import gzip
import io
import json
import math
import pickle
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

FILES = Path(__file__).parent / "Files"


def cifar_pixels(count):
    """Byte j of image i."""
    i, j = np.arange(count)[:, None], np.arange(3072)[None, :]
    return ((i * 50 + j // 7) % 256).astype(np.uint8)


def python2_batch(pixels, labels):
    """Protocol 2 as cPickle of Python 2 wrote it: texts are bytes."""
    text = lambda s: b"U" + bytes([len(s)]) + s
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x05cnumpy\nndarray\nq\x06K\x00\x85U\x01b\x87Rq\x07"
        + b"(K\x01" + b"M" + struct.pack("<H", pixels.shape[0]) + b"M" + struct.pack("<H", pixels.shape[1]) + b"\x86"
        + b"cnumpy\ndtype\nq\x08U\x02u1K\x00K\x01\x87Rq\x09(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        + b"\x89T" + struct.pack("<I", pixels.size) + pixels.tobytes() + b"tb"
    )
    return (
        b"\x80\x02}q\x01(" + text(b"batch_label") + b"q\x02" + text(b"training batch 1 of 5")
        + text(b"labels") + b"q\x03](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
        + text(b"data") + array
        + text(b"filenames") + b"](" + b"".join(text(b"image_%d.png" % i) for i in range(len(labels))) + b"e" + b"u."
    )


def python2_batch_in_letters(pixels, labels):
    """Protocol 0 as Python 2 wrote it."""
    quoted = repr(pixels.tobytes())[1:].encode("ascii")
    return (
        b"(dp1\nS'labels'\np2\n(lp3\n" + b"".join(b"I%d\na" % label for label in labels)
        + b"sS'data'\np4\ncnumpy.core.multiarray\n_reconstruct\np5\n(cnumpy\nndarray\np6\n(I0\ntp7\nS'b'\np8\ntp9\nRp10\n"
        + b"(I1\n(L%dL\nI3072\ntp11\ncnumpy\ndtype\np12\n(S'u1'\np13\nI0\nI1\ntp14\nRp15\n(I3\nS'|'\np16\nNNNI-1\nI-1\nI0\ntbI00\nS" % len(labels)
        + quoted + b"\np17\ntbs."
    )


def check(content, pixels, labels):
    batch = pickle.loads(content, encoding="latin1")
    assert (batch["data"] == pixels).all() and list(batch["labels"]) == labels
    return content


def save_cifar():
    pixels, labels = cifar_pixels(2), [6, 9]
    save = lambda name, content: (FILES / name).write_bytes(check(content, pixels, labels))
    save("cifar-python-2", python2_batch(pixels, labels))
    save("cifar-python-2-letters", python2_batch_in_letters(pixels, labels))
    for protocol in range(6):
        save(f"cifar-protocol-{protocol}", pickle.dumps({"data": pixels, "labels": labels, "filenames": ["a.png", "b.png"]}, protocol))
    save("cifar-array-of-labels", pickle.dumps({"data": pixels, "labels": np.array(labels, dtype=np.int64)}, 4))
    save("cifar-scalars-as-labels", pickle.dumps({"data": pixels, "labels": [np.int64(label) for label in labels]}, 2))
    (FILES / "cifar-keys-of-bytes").write_bytes(pickle.dumps({b"data": pixels, b"labels": labels, b"filenames": [b"a.png", b"b.png"]}, 4))


def pixels(count, *shape):
    """Element j of image i, counted in the order of the array."""
    i, j = np.arange(count)[:, None], np.arange(math.prod(shape))[None, :]
    return ((i * 10 + j) % 256).astype(np.uint8).reshape(count, *shape)


def save_arrays():
    labels = np.arange(14) % 2
    np.savez(FILES / "arrays.npz", images=pixels(14, 4, 4), labels=labels)
    np.savez(FILES / "arrays-adm.npz", pixels(14, 4, 4, 3), labels)
    np.savez_compressed(
        FILES / "arrays-keras.npz", x_train=pixels(14, 4, 4), y_train=labels.astype(np.uint8), x_test=pixels(3, 4, 4), y_test=labels[:3].astype(np.uint8))
    np.savez_compressed(
        FILES / "arrays-medmnist.npz",
        train_images=pixels(14, 4, 4, 3), train_labels=labels[:, None].astype(np.uint8), val_images=pixels(2, 4, 4, 3),
        val_labels=labels[:2, None], test_images=pixels(3, 4, 4, 3), test_labels=labels[:3, None].astype(np.int32))
    np.savez(FILES / "arrays-few-labels.npz", images=pixels(14, 4, 4, 1), labels=np.where(np.arange(14) < 4, labels, -1))


def png(array):
    """A PNG by the letter of the format, RGB of 8 bits."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in array)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def save_zip(name, images, labels, compression=zipfile.ZIP_STORED):
    """As EDM's dataset_tool.py does."""
    with zipfile.ZipFile(FILES / name, "w", compression) as archive:
        names = [f"{i // 1000:05d}/img{i:08d}.png" for i in range(len(images))]
        for entry, image in zip(names, images):
            archive.writestr(zipfile.ZipInfo(entry), png(image), compression)
        archive.writestr(zipfile.ZipInfo("dataset.json"), json.dumps({"labels": [[n, int(l)] for n, l in zip(names, labels) if l >= 0]}), compression)


def save_tar(name, images, labels, format, folder=""):
    """As WebDataset's TarWriter does; compressed here, since it is mostly zeros."""
    with gzip.GzipFile(FILES / (name + ".gz"), "w", mtime=0) as file, tarfile.open(fileobj=file, mode="w", format=format) as archive:
        for i, (image, label) in enumerate(zip(images, labels)):
            members = {"png": png(image), "cls": b"%d" % label, "json": b"{}"}
            for ending in sorted(members):
                if ending != "cls" or label >= 0:
                    entry = tarfile.TarInfo(f"{folder}{i:06d}.{ending}")
                    entry.size = len(members[ending])
                    archive.addfile(entry, io.BytesIO(members[ending]))


def save_archives():
    images, labels = pixels(14, 4, 4, 3), np.arange(14) % 2
    save_zip("edm.zip", images, labels)
    save_zip("edm-compressed.zip", images, labels, zipfile.ZIP_DEFLATED)
    save_zip("edm-few-labels.zip", images, np.where(np.arange(14) < 4, labels, -1))
    save_tar("shard-pax.tar", images, labels, tarfile.PAX_FORMAT, folder="é/" + "long" * 40 + "/")
    save_tar("shard-gnu.tar", images, labels, tarfile.GNU_FORMAT, folder="long" * 40 + "/")
    save_tar("shard-ustar.tar", images, labels, tarfile.USTAR_FORMAT)
    save_tar("shard-few-labels.tar", images, np.where(np.arange(14) < 4, labels, -1), tarfile.USTAR_FORMAT)


if __name__ == "__main__":
    FILES.mkdir(exist_ok=True)
    save_cifar()
    save_arrays()
    save_archives()
