"""The keys of Weights & Biases."""

from matting.config.fields import key, typed


@typed
class WandbRunConfig:
    project: str = key("project of the runs", kind="text")
    entity: str | None = key("name of a team; null: your account", kind="text")
    group: str | None = key("group of the runs; null: the experiment if there is one, else the stage", kind="text")
    mode: str = key("auto: online with a key, else offline", kind="text")
    log_model: bool = key("upload the best weights as an Artifact")
