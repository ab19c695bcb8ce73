"""The keys of TensorBoard."""

from matting.config.fields import key, typed


@typed
class TensorBoardRunConfig:
    name: str = key("folder of the log below the run folder", kind="text")
    version: str = key("folder of the log below `name`", kind="text")
