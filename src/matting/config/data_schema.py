"""The keys of the data, of their augmentation, and of the protocol that fits samples to the networks."""

from typing import Any

from matting.config.fields import TARGET, key, typed

FIT = ("crop", "pad", "stretch")
THRESHOLD = {"low": 1 / 255, "high": 1, "added": 0.5}  # 1/255: every pixel that is not fully transparent
CUT = {"low": 0.01, "high": 1, "added": 0.4}
INFERENCE = ("pad", "stretch", "native")


@typed
class Augment:
    flip: float = key("chance that a sample is mirrored", low=0, high=1)
    scale: list[float] = key(
        "range of the factor on the size at which the subject fits the frame", low=0.01, length=2, rising=True
    )
    rotate: float = key("largest rotation in either direction", low=0, unit="degrees")
    shift: float = key("largest shift in any direction, as a share of the frame", low=0)
    brightness: float = key("largest change, drawn for foreground and background separately", low=0)
    contrast: float = key("largest change of the contrast", low=0)
    saturation: float = key("largest change of the saturation", low=0)
    hue: float = key("largest change of the hue", low=0, unit="degrees")
    noise: float = key("largest standard deviation of the noise", low=0)
    blur: float = key("largest sigma of the background's defocus", low=0, unit="px")
    jpeg: list[int] = key("range of the JPEG quality", low=1, high=100, length=2, rising=True)
    jpeg_p: float = key("chance that a sample is compressed", low=0, high=1)
    cut: float = key("least share of a background's area in a cut; 1: the largest part of the right shape", **CUT)
    background_flip: float = key("chance that a background is mirrored", low=0, high=1, added=0.5)


@typed
class Protocol:
    name: str = key("name of the protocol")
    fit: str = key("of a training sample to the frame, as data.fit", choices=FIT)
    inference: str = key("of a picture to the size of the networks, in validation, tests and use", choices=INFERENCE)
    exclude_persons: bool = key("leave out backgrounds with people, whose truth would be alpha 0")
    val_subjects: int = key("subjects that validate instead of training", low=0)
    flips: dict[str, float] = key(
        "chance of a mirrored sample by stage, method and recipe", {}, many=True, low=0, high=1
    )


@typed
class EvaluationSet:
    eval_size: int | list[int] = key(
        "longer side, or [height, width], to which prediction and truth are resized for the figures; native: not",
        low=16,
        also=("native",),
        length=2,
        unit="px",
    )
    backgrounds_per_subject: int = key("composites of each subject", low=1)
    subjects: Any = key("source of the subjects", node=TARGET)
    backgrounds: Any = key("source of the backgrounds; null: the photographs themselves", None, node=TARGET, null=True)


@typed
class Data:
    name: str = key("name of the data; part of a run folder's name")
    fit: str = key("how a training sample is fitted to the frame", choices=FIT)
    subjects: dict[str, Any] = key("sources of the training subjects by name", node=TARGET, many=True, optional=True)
    backgrounds: dict[str, Any] = key("sources of the backgrounds by name", node=TARGET, many=True, optional=True)
    backgrounds_per_subject: int = key("backgrounds that a subject is put on in an epoch", low=1)
    epoch_samples: int | None = key("samples of an epoch; null: every subject on each of its backgrounds", low=1)
    val_subjects: int = key("subjects that validate instead of training, chosen by hash of their id", low=0)
    empty_share: float = key(
        "share of training and validation samples without a person: the background alone", 0.0, low=0, high=1, added=0
    )
    light: str = key(
        "shared: subjects take brightness and colour temperature from the background",
        "own",
        choices=("own", "shared"),
        added="own",
    )
    mask_threshold: float = key("alpha from which a pixel belongs to the true mask", 0.5, **THRESHOLD)
    test: dict[str, Any] = key("test sets by name", node=EvaluationSet, many=True, optional=True)
    persons: Any = key(
        "photographs with person masks for AlphaNet's segmentation; null: composites",
        None,
        node=TARGET,
        many=True,
        optional=True,
        null=True,
    )
