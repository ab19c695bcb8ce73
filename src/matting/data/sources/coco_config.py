"""The keys of COCO."""

from matting.config.fields import key, typed


@typed
class CocoPersonsConfig:
    images: str = key("folder of the images, below paths.data_root", kind="folder")
    annotations: str = key("instances json of these images", kind="folder")


@typed
class CocoBackgroundsConfig:
    images: str = key("folder of the images, below paths.data_root", kind="folder")
    annotations: str | None = key("instances json of these images, read to exclude persons", None, kind="folder")
    exclude_persons: bool = key("leave out images with a person", False)
