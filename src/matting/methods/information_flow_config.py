"""The keys of information-flow matting."""

from matting.config.fields import key, typed
from matting.methods.closed_form_config import ClosedFormConfig


@typed
class InformationFlowConfig(ClosedFormConfig):
    variant: str = key(
        "flow from known pixels; auto leaves it out for highly transparent objects, by the paper's test",
        "auto",
        choices=("auto", "known_to_unknown", "without"),
    )
    trim: bool = key("set the pixels that trimming the trimap by edges makes known", True)
