"""The keys that sources of files have."""

from matting.config.fields import key, typed


@typed
class Files:
    root: str = key("folder of the set, below paths.data_root", kind="folder")
    list_file: str | None = key("file with a name a line, to use these alone; null: all", None, kind="file")


@typed
class SplitFiles(Files):
    split: str = key("part of the set", choices=("train", "test"))
