"""PhotoMatte85: RGBA files below one folder, a test set without splits."""

from pathlib import Path

from matting.data.images import read_rgba
from matting.data.listing import name_images
from matting.data.sources.base import FileSource, Subject, check_transparent, select_ids

LAYOUT = "RGBA images of cut-out people, e.g. PhotoMatte85"


class PhotomatteSubjects(FileSource):
    """Subjects from RGBA files. fgr: the stored colours, not premultiplied, arbitrary where alpha is 0.

    `load` raises UserError for a file without an alpha channel.
    """

    def __init__(self, root: Path, list_file: Path | None = None) -> None:
        files = name_images(root, LAYOUT)
        check_transparent(root, files.values(), LAYOUT)
        super().__init__("photomatte", root, {id: (files[id],) for id in select_ids(files, list_file, root)})

    def load(self, id: str) -> Subject:
        return Subject(*read_rgba(*self.paths[id]))
