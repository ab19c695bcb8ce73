"""The keys of Pascal VOC."""

from matting.config.fields import key, typed


@typed
class VocPersonsConfig:
    root: str = key("folder that holds JPEGImages, below paths.data_root", kind="folder")
    names: str | None = key("list such as ImageSets/Main/trainval.txt; null: all images", None, kind="file")


@typed
class VocBackgroundsConfig(VocPersonsConfig):
    exclude_persons: bool = key("leave out images with a person", False)
