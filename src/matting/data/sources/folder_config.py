"""The keys of folders of your own."""

from matting.config.fields import key, typed
from matting.data.sources.base_config import Files


@typed
class FolderSubjectsConfig(Files):
    regularization: float = key(
        "smoothness of foregrounds that are estimated, everywhere; 0 would be singular", 1e-5, low=1e-9, added=1e-5
    )
    gradient_weight: float = key("their smoothness where alpha changes", 1.0, low=0, added=1)


@typed
class FolderBackgroundsConfig(Files): ...
