"""People and scenes in the layouts of the datasets: soft discs on noise, some tens of pixels wide."""

import base64
import json
import zlib
from pathlib import Path

import cv2
import numpy as np

from matting.data.images import write_image

SIZE = (40, 32)
VOC = "voc/VOCdevkit/VOC2012"


def scene(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """uint8 (H, W, 3) noise."""
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def disc(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """uint8 (H, W): the alpha of a person who is a soft disc, each seed's its own."""
    draw = np.random.default_rng(seed)
    rows, columns = np.mgrid[: size[0], : size[1]]
    centre = np.array(size) * draw.uniform(0.4, 0.6, 2)
    radius = min(size) * draw.uniform(0.25, 0.4)
    return (255 * np.clip((radius - np.hypot(rows - centre[0], columns - centre[1])) / 4 + 0.5, 0, 1)).astype(np.uint8)


def write_people(fgr: Path, alpha: Path, seeds: range) -> None:
    for seed in seeds:
        write_image(fgr / f"{seed}.png", scene(seed))
        write_image(alpha / f"{seed}.png", disc(seed))


def write_rgba(folder: Path, seeds: range) -> None:
    for seed in seeds:
        write_image(folder / f"{seed}.png", np.dstack([scene(seed), disc(seed)]))


def write_scenes(folder: Path, seeds: range) -> list[str]:
    names = [f"{seed:04d}.jpg" for seed in seeds]
    for seed, name in zip(seeds, names, strict=True):
        write_image(folder / name, scene(seed + 5000))
    return names


def write_backgrounds(root: Path) -> None:
    """COCO, a person on the first image and on those after the fourth, and VOC."""
    names = write_scenes(root / "coco/train2017", range(9))
    size = {"height": SIZE[0], "width": SIZE[1]}
    shape = {"category_id": 1, "iscrowd": 0, "segmentation": [[8, 8, 24, 8, 24, 30, 8, 30]]}
    people = [{"id": image + 1, "image_id": image, **shape} for image in (0, *range(4, 9))]
    annotations = {
        "images": [{"id": number, "file_name": name, **size} for number, name in enumerate(names)],
        "annotations": people,
        "categories": [{"id": 1, "name": "person"}],
    }
    file = root / "coco/annotations/instances_train2017.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(annotations))
    for name in write_scenes(root / VOC / "JPEGImages", range(100, 103)):
        file = root / VOC / "Annotations" / Path(name).with_suffix(".xml")
        file.parent.mkdir(exist_ok=True)
        file.write_text("<annotation><object><name>chair</name></object></annotation>")


def bitmap(mask: np.ndarray, origin: tuple[int, int] = (0, 0)) -> dict:
    """A Supervisely bitmap of a bool mask (H, W) whose first pixel lies at origin (x, y)."""
    png = cv2.imencode(".png", 255 * mask.astype(np.uint8))[1].tobytes()
    return {"origin": list(origin), "data": base64.b64encode(zlib.compress(png)).decode()}


def write_supervisely(root: Path, seeds: range) -> None:
    """Photographs of one person each, whose mask is a bitmap."""
    (root / "ds1/ann").mkdir(parents=True)
    classes = [{"title": "person_bmp", "shape": "bitmap", "color": "#FF0000"}]
    (root / "meta.json").write_text(json.dumps({"classes": classes, "tags": []}))
    for seed in seeds:
        write_image(root / f"ds1/img/{seed:04d}.jpg", scene(seed))
        person = {"classTitle": "person_bmp", "geometryType": "bitmap", "bitmap": bitmap(disc(seed) > 127)}
        content = {"size": {"height": SIZE[0], "width": SIZE[1]}, "objects": [person]}
        (root / f"ds1/ann/{seed:04d}.jpg.json").write_text(json.dumps(content))


def write_aim_d646_coco(root: Path) -> None:
    for split, seeds in (("Training_set", range(4)), ("Test_set", range(10, 12))):
        group = root / "AIM/Combined_Dataset" / split / "Adobe-licensed images"
        write_people(group / "fg", group / "alpha", seeds)
    write_people(root / "D646/Train/FG", root / "D646/Train/GT", range(20, 24))
    write_people(root / "D646/Test/FG", root / "D646/Test/GT", range(30, 32))
    write_rgba(root / "PhotoMatte85", range(40, 42))
    write_backgrounds(root)


def write_fashion(root: Path) -> None:
    write_people(root / "fashion/train/image", root / "fashion/train/alpha", range(6))
    write_people(root / "fashion/test/image", root / "fashion/test/alpha", range(10, 12))
    write_backgrounds(root)


def write_folder(root: Path) -> None:
    write_people(root / "people/train/fgr", root / "people/train/alpha", range(6))
    write_rgba(root / "people/test", range(10, 12))
    write_scenes(root / "backgrounds/train", range(4))
    write_scenes(root / "backgrounds/test", range(100, 103))


def cut(file: Path, share: float = 0.6) -> Path:
    """Truncate a file, as an interrupted copy does."""
    data = file.read_bytes()
    file.write_bytes(data[: int(share * len(data))])
    return file
