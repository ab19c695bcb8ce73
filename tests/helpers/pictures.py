"""Pictures of every kind of file, good and damaged, and pictures read back with their mode."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image


def scene(height: int, width: int, seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, 3)


def read(path: Path) -> tuple[str, np.ndarray]:
    with Image.open(path) as picture:
        return picture.mode, np.asarray(picture)


GREEN = (0, 177, 64)


# name of the picture -> (name of its results, height, width)
GOOD = {
    "one.png": ("one", 1, 1),
    "small.png": ("small", 3, 5),
    "odd.jpg": ("odd", 33, 47),
    "tall.webp": ("tall", 500, 20),
    "gray.jpg": ("gray", 20, 30),
    "cmyk.jpg": ("cmyk", 20, 30),
    "turned.jpg": ("turned", 30, 20),
    "sixteen.png": ("sixteen", 20, 30),
    "rgba.png": ("rgba", 20, 30),
    "Käthe & ich (1).JPG": ("Käthe & ich (1)", 20, 30),
    "twin.jpg": ("twin.jpg", 20, 30),
    "twin.png": ("twin.png", 20, 30),
    "sub/folder/twin.bmp": ("sub/folder/twin", 20, 30),
    "v1.2.tif": ("v1.2", 20, 30),
}


BAD = ("cut.jpg", "text.jpg")


def save_pictures(folder: Path) -> None:
    (folder / "sub/folder").mkdir(parents=True)
    for i, (name, (_, height, width)) in enumerate(GOOD.items()):
        Image.fromarray(scene(height, width, i)).save(folder / name)
    rgb = scene(20, 30)
    Image.fromarray(rgb).convert("L").save(folder / "gray.jpg")
    Image.fromarray(rgb).convert("CMYK").save(folder / "cmyk.jpg")
    turn = Image.Exif()
    turn[0x0112] = 6
    Image.fromarray(rgb).save(folder / "turned.jpg", exif=turn)
    cv2.imwrite(str(folder / "sixteen.png"), rgb.astype(np.uint16) * 257)
    Image.fromarray(np.dstack([rgb, rgb[..., :1]])).save(folder / "rgba.png")
    whole = (folder / "odd.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.jpg").write_text("not a picture")
