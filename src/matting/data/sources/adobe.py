"""Adobe Image Matting (Composition-1k): `Combined_Dataset/{Training_set,Test_set}/*/{fg,alpha}`."""

from pathlib import Path
from typing import Literal

from matting.data.images import read_pair
from matting.data.listing import absent, add_image, folders_in, index_images, subfolders
from matting.data.sources.base import FileSource, Subject, pair_files, select_ids
from matting.errors import UserError

FOLDERS = {"train": ("Training_set", "training_fg_names.txt"), "test": ("Test_set", "test_fg_names.txt")}
LAYOUT = "Adobe Image Matting as Combined_Dataset/{Training_set,Test_set}/*/{fg,alpha}"


class AdobeSubjects(FileSource):
    """The subjects of one split, from all of its groups ("Adobe-licensed images", "Other").

    The set ships true foreground colours, which are kept as they are. Where alpha is 0 they are arbitrary, often the
    old background: only a composite may use them there.
    """

    def __init__(self, root: Path, split: Literal["train", "test"], list_file: Path | None = None) -> None:
        """root: the folder that holds Combined_Dataset. list_file: a subset, in place of the set's own name list."""
        folder, shipped = FOLDERS[split]
        top = root / "Combined_Dataset" / folder
        if not top.is_dir():
            raise absent(top, f"{LAYOUT}; point the source's root at it")
        groups = [group for group in folders_in(top) if (group / "alpha").is_dir()]
        if not groups:
            raise UserError(f"{top}: no group with an alpha folder; it has {subfolders(top)}; expected {LAYOUT}")
        fgrs: dict[str, Path] = {}
        alphas: dict[str, Path] = {}
        # Ids must be unique over all groups: they share one name list.
        for group in groups:
            for found, kind in ((fgrs, "fg"), (alphas, "alpha")):
                for id, file in index_images(group / kind, LAYOUT).items():
                    add_image(found, id, file)
        if list_file is None and (top / shipped).is_file():
            list_file = top / shipped
        ids = select_ids(fgrs.keys() | alphas.keys(), list_file, top)
        super().__init__(f"adobe-{split}", root, pair_files(fgrs, alphas, ids, top))

    def load(self, id: str) -> Subject:
        return Subject(*read_pair(*self.paths[id]))
