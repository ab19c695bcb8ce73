"""What benchmarks share: people and scenes on disk, and a process as a worker's."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from matting.data.images import write_image
from matting.data.sources.procedural import ProceduralBackgrounds, ProceduralSubjects
from matting.utils import process

HEIGHT, WIDTH = 768, 1280
PEOPLE, SCENES = 4, 8
COCO = (480, 640)  # height and width of a usual background


def write_people(fgrs: Path, alphas: Path, count: int, height: int, width: int, kind: str = ".png") -> None:
    """Colours in files of this kind, alpha in PNG."""
    people = ProceduralSubjects(0, count, height, width, drawing=2)
    for id in people.ids:
        person = people.load(id)
        write_image(fgrs / f"{id}{kind}", person.fgr)
        write_image(alphas / f"{id}.png", person.alpha)


def write_scenes(folder: Path, count: int) -> None:
    """JPEG files of COCO's size."""
    scenes = ProceduralBackgrounds(0, count, *COCO)
    for id in scenes.ids:
        write_image(folder / f"{id}.jpg", scenes.load(id))


@contextmanager
def worker_files(photograph: str = ".png") -> Iterator[Path]:
    """A folder with people as Distinctions-646 has them, and scenes. OpenCV has one thread and freed memory is kept, as
    training does before its workers start.

    photograph: the kind of the people's colours.
    """
    process.keep_freed()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)
    try:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write_people(root / "Train/FG", root / "Train/GT", PEOPLE, HEIGHT, WIDTH, photograph)
            write_scenes(root / "scenes", SCENES)
            yield root
    finally:
        cv2.setNumThreads(threads)
