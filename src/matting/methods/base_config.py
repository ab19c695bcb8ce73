"""The keys that all methods have."""

from typing import ClassVar

from matting.config.fields import key, typed


@typed
class MethodConfig:
    """rows: titles of what is measured beside the alpha, by its name in `Method.measured`."""

    rows: ClassVar[tuple[tuple[str, str], ...]] = ()
    name: str = key("name of the method, which is that of its file")
    inputs: list[str] = key("what it takes", choices=("image", "trimap"))
    upstream: dict[str, str] = key("by key: the stage that trains it, or <key>.<key of that stage>", many=True)
