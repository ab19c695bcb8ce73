"""Your own folder: subjects in any of three layouts, or pictures as backgrounds."""

from pathlib import Path
from typing import Literal

import numpy as np

from matting.data.decoding import Reduction
from matting.data.foreground import estimate_foreground
from matting.data.images import read_pair, read_rgb, read_rgba
from matting.data.listing import absent, index_images, name_images
from matting.data.sources.base import FileSource, Subject, check_transparent, pair_files, select_ids

LAYOUT = "RGBA images, or the folders fgr/ and alpha/, or the folders image/ and alpha/"


class FolderSubjects(FileSource):
    """Subjects in the layout that `root` has.

    layout: `rgba`, RGBA files; `fgr`, folders fgr/ (true foreground colours) and alpha/; `image`, folders image/
    (photographs) and alpha/, where `load` estimates the foreground, which is slow enough to need the cache, and keeps
    the photograph as `Subject.image`. Files of one subject have the same name; their suffixes may differ.

    regularization, gradient_weight: of `estimate_foreground`, here by default as runs of 0.1.0 had them.
    """

    layout: Literal["rgba", "fgr", "image"]

    def __init__(
        self,
        root: Path,
        list_file: Path | None = None,
        regularization: float = 1e-5,
        gradient_weight: float = 1.0,
    ) -> None:
        self.smoothness = {"regularization": regularization, "gradient_weight": gradient_weight}
        self.as_before = (regularization, gradient_weight) == (1e-5, 1.0)
        if not root.is_dir():
            raise absent(root, LAYOUT)
        # The folders that are there decide the layout. With both fgr/ and image/, the true colours are better.
        colours = [name for name in ("fgr", "image") if (root / name).is_dir()]
        if not colours and not (root / "alpha").is_dir():
            self.layout = "rgba"
            files = name_images(root, LAYOUT)
            check_transparent(root, files.values(), LAYOUT)
            super().__init__("folder", root, {id: (files[id],) for id in select_ids(files, list_file, root)})
            return
        self.layout = "image" if colours == ["image"] else "fgr"
        fgrs, alphas = index_images(root / self.layout, LAYOUT), index_images(root / "alpha", LAYOUT)
        # Ids of either folder: `pair_files` then names a file whose partner is missing.
        ids = select_ids(fgrs.keys() | alphas.keys(), list_file, root)
        super().__init__("folder", root, pair_files(fgrs, alphas, ids, root))

    def fingerprint(self) -> str:
        """Return the digest of the files, and of how the foreground is estimated where it is."""
        files = super().fingerprint()
        return files if self.layout != "image" or self.as_before else f"{files} {self.smoothness}"

    def load(self, id: str) -> Subject:
        files = self.paths[id]
        if self.layout == "rgba":
            return Subject(*read_rgba(*files))
        colours, alpha = read_pair(*files)
        if self.layout == "fgr":
            return Subject(colours, alpha)
        return Subject(estimate_foreground(colours, alpha, **self.smoothness), alpha, colours)


class FolderBackgrounds(FileSource):
    """Every image below `root` as a background."""

    def __init__(self, root: Path, list_file: Path | None = None) -> None:
        files = name_images(root, "pictures to put behind the subjects")
        super().__init__("folder-backgrounds", root, {id: (files[id],) for id in select_ids(files, list_file, root)})

    def load(self, id: str, reduction: Reduction | None = None) -> np.ndarray:
        return read_rgb(self.paths[id][0], reduction)
