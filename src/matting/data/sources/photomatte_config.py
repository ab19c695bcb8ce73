"""The keys of PhotoMatte85."""

from matting.config.fields import typed
from matting.data.sources.base_config import Files


@typed
class PhotomatteSubjectsConfig(Files): ...
