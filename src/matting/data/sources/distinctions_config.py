"""The keys of Distinctions-646."""

from matting.config.fields import typed
from matting.data.sources.base_config import SplitFiles


@typed
class DistinctionsSubjectsConfig(SplitFiles): ...
