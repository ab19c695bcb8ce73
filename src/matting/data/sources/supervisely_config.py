"""The keys of a Supervisely export."""

from matting.config.fields import key, typed


@typed
class SuperviselyPersonsConfig:
    root: str = key("folder of the export, below paths.data_root", kind="folder")
    classes: list[str] | None = key("titles of the person classes; null: all with `person` in the title", None)
