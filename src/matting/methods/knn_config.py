"""The keys of KNN matting."""

from matting.config.fields import typed
from matting.methods.closed_form_config import ClosedFormConfig


@typed
class KNNConfig(ClosedFormConfig): ...
