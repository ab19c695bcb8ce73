"""The keys of Adobe Image Matting."""

from matting.config.fields import typed
from matting.data.sources.base_config import SplitFiles


@typed
class AdobeSubjectsConfig(SplitFiles): ...
