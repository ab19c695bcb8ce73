"""The keys of the embedded data."""

from matting.config.fields import key, typed


@typed
class Drawings:
    seed: int = key("of all drawings", low=0, high=2**32 - 1)
    count: int = key("number of drawings", low=1)
    height: int = key("of a drawing", low=16, unit="px")
    width: int = key("of a drawing", low=16, unit="px")
    first: int = key("number of the first drawing; other numbers are other people and scenes", 0, low=0)


@typed
class ProceduralSubjectsConfig(Drawings):
    drawing: int = key(
        "version of the drawing; runs of before have 1, which is drawn no more", 1, choices=(1, 2), added=1
    )


@typed
class ProceduralBackgroundsConfig(Drawings): ...
