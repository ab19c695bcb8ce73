"""Distinctions-646: `{Train,Test}/{FG,GT}`."""

from pathlib import Path
from typing import Literal

from matting.data.images import read_pair
from matting.data.listing import index_images
from matting.data.sources.base import FileSource, Subject, pair_files, select_ids

LAYOUT = "Distinctions-646 as {Train,Test}/{FG,GT}"


class DistinctionsSubjects(FileSource):
    """The subjects of one split.

    The set ships true foreground colours, which are kept as they are; where alpha is 0 they are arbitrary.
    """

    def __init__(self, root: Path, split: Literal["train", "test"], list_file: Path | None = None) -> None:
        """root: the folder that holds Train and Test. list_file: a subset, such as the people."""
        top = root / split.capitalize()
        fgrs, alphas = index_images(top / "FG", LAYOUT), index_images(top / "GT", LAYOUT)
        ids = select_ids(fgrs.keys() | alphas.keys(), list_file, top)
        super().__init__(f"distinctions-{split}", root, pair_files(fgrs, alphas, ids, top))

    def load(self, id: str) -> Subject:
        return Subject(*read_pair(*self.paths[id]))
