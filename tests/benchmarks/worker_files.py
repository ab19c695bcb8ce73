"""What the benchmarks of a worker share: people and scenes on disk, and a process as a worker's."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from matting import memory
from matting.data.images import write_image
from matting.data.sources.procedural import ProceduralBackgrounds, ProceduralSubjects

HEIGHT, WIDTH = 768, 1280
PEOPLE, SCENES = 4, 8
COCO = (480, 640)  # height and width of a usual background


def write_files(root: Path, photograph: str) -> None:
    """People as Distinctions-646 lies on disk, alpha in PNG files, and scenes as JPEG files of COCO's size."""
    people, scenes = ProceduralSubjects(0, PEOPLE, HEIGHT, WIDTH), ProceduralBackgrounds(0, SCENES, *COCO)
    for id in people.ids:
        person = people.load(id)
        write_image(root / f"Train/FG/{id}{photograph}", person.fgr)
        write_image(root / f"Train/GT/{id}.png", person.alpha)
    for id in scenes.ids:
        write_image(root / f"scenes/{id}.jpg", scenes.load(id))


@contextmanager
def worker_files(photograph: str = ".png") -> Iterator[Path]:
    """A folder with files. OpenCV has one thread and freed memory is kept, as training does before its workers start.

    photograph: the kind of the people's colours.
    """
    memory.keep_freed()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)
    try:
        with tempfile.TemporaryDirectory() as folder:
            write_files(Path(folder), photograph)
            yield Path(folder)
    finally:
        cv2.setNumThreads(threads)
