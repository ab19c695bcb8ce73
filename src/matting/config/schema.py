"""The types of the config's keys. Hydra refuses other values (`seed=abc`) before a job starts."""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

# These classes are types only; no instance is made. They have no methods, and a node within a node is MISSING until
# Hydra composes: registering complete dataclasses took an eighth of the time of a composition.
typed = dataclass(init=False, repr=False, eq=False, match_args=False)


@typed
class Paths:
    data_root: str = MISSING
    output_dir: str = MISSING
    cache_dir: str = MISSING


@typed
class AlphaNetScale:
    encoder: str = MISSING
    encoder_weights: str = MISSING
    backbone_weights: str = MISSING
    backbone_convention: str = MISSING
    width: float = MISSING
    freeze_norm: bool = MISSING
    seg_size: int = MISSING
    mat_size: int = MISSING
    max_side: int = MISSING
    fit: str = MISSING
    seg_batch: int = MISSING
    mat_batch: int = MISSING
    batch: int = MISSING
    seg_epochs: int = MISSING
    mat_epochs: int = MISSING
    epochs: int = MISSING
    seg_lr: float = MISSING
    mat_lr: float = MISSING
    lr: float = MISSING


@typed
class Scale:
    name: str = MISSING
    height: int = MISSING
    width: int = MISSING
    eval_size: Any = MISSING  # native | longer side | [height, width]
    table1: dict[str, Any] = field(default_factory=dict)  # eval_size by names of data, and of stage, method or recipe
    subjects: int = MISSING
    backgrounds: int = MISSING
    backgrounds_per_subject: int = MISSING
    val_subjects: int = MISSING
    test_subjects: int = MISSING
    test_backgrounds: int = MISSING
    test_backgrounds_per_subject: int = MISSING
    seg_epochs: int = MISSING
    alpha_epochs: int = MISSING
    row_epochs: int = MISSING
    epoch_samples: int | None = MISSING
    seg_batch: int = MISSING
    alpha_batch: int = MISSING
    net_width: int = MISSING
    disc_width: int = MISSING
    seg_norm: str = "as_norm"
    depth: int = MISSING
    blocks: int = MISSING
    aspp_rates: list[int] = MISSING
    vgg_weights: str = MISSING
    vgg_width: float = MISSING
    gen_lr: float = MISSING
    disc_lr: float = MISSING
    scheduler: str = MISSING
    warmup: int = MISSING
    val_every: int = MISSING
    val_samples: int = MISSING
    zoom: list[float] = MISSING
    rotate: float = MISSING
    shift: float = MISSING
    alphanet: AlphaNetScale = MISSING


@typed
class Vgg:
    arch: str = MISSING
    weights: str = MISSING
    convention: str = MISSING
    taps: str = MISSING
    width: float = MISSING


@typed
class Augment:
    flip: float = MISSING
    scale: list[float] = MISSING
    rotate: float = MISSING
    shift: float = MISSING
    brightness: float = MISSING
    contrast: float = MISSING
    saturation: float = MISSING
    hue: float = MISSING
    noise: float = MISSING
    blur: float = MISSING
    jpeg: list[int] = MISSING
    jpeg_p: float = MISSING
    cut: float = MISSING
    background_flip: float = MISSING


@typed
class Protocol:
    name: str = MISSING
    fit: str = MISSING
    inference: str = MISSING
    exclude_persons: bool = MISSING
    val_subjects: int = MISSING
    flips: dict[str, float] = field(default_factory=dict)  # by stage, method and recipe


@typed
class Data:
    name: str = MISSING
    fit: str = MISSING
    subjects: dict[str, Any] = MISSING
    backgrounds: dict[str, Any] = MISSING
    backgrounds_per_subject: int = MISSING
    epoch_samples: int | None = MISSING
    val_subjects: int = MISSING
    empty_share: float = 0.0
    light: str = "own"
    mask_threshold: float = 0.5
    test: dict[str, Any] = MISSING
    persons: Any = None  # for a stage that trains on photographs with masks


@typed
class Trainer:
    name: str = MISSING
    accelerator: str = MISSING
    devices: int = MISSING
    num_nodes: int = MISSING
    strategy: str = MISSING
    precision: str = MISSING
    channels_last: bool = MISSING
    compile: bool = MISSING
    max_batches: int | None = MISSING


@typed
class Runtime:
    workers: int = MISSING
    threads: int | None = MISSING
    progress: bool = MISSING
    log_every: int = MISSING
    recompute: bool = MISSING


@typed
class Common:
    paths: Paths = MISSING
    scale: Scale = MISSING
    vgg: Vgg = MISSING
    protocol: Protocol = MISSING
    augment: Augment = MISSING
    data: Data = MISSING
    trainer: Trainer = MISSING
    logger: dict[str, Any] = field(default_factory=dict)
    runtime: Runtime = MISSING
    seed: int = MISSING
    rerun: bool = MISSING
    plan: bool = MISSING


@typed
class Val:
    every_batches: int = MISSING
    samples: int = MISSING
    pictures: int = MISSING


@typed
class Checkpoint:
    every_batches: int = MISSING
    minutes: float = MISSING
    keep: str = MISSING  # weights | best | all


@typed
class Train(Common):
    stage: dict[str, Any] = MISSING
    net: dict[str, Any] = MISSING
    loss: dict[str, Any] = MISSING
    optim: dict[str, Any] = MISSING
    val: Val = MISSING
    checkpoint: Checkpoint = MISSING
    experiments: Any = None
    verb: str | None = None  # an experiment's: the verb that runs its rows
    evaluate_as: str | None = None  # the method that a row's run is measured as, once it is trained
    published: dict[str, Any] = field(default_factory=dict)


@typed
class Measures:
    convention: str = MISSING  # dim | mmagic | p3m
    regions: list[str] = MISSING
    unknown_dilation: int = MISSING


@typed
class Evaluate(Common):
    method: dict[str, Any] = MISSING
    metrics: Measures = MISSING
    batch_size: int = MISSING
    pictures: int = MISSING
    experiments: Any = None
    verb: str | None = None
    published: dict[str, Any] = field(default_factory=dict)


@typed
class Predict(Common):
    method: dict[str, Any] = MISSING
    input: str = MISSING
    output: str = MISSING
    background: str | None = None
    trimap: str | None = None
    batch_size: int = MISSING


@typed
class Recipe(Common):
    recipe: dict[str, Any] = MISSING
    experiments: str | None = None


@typed
class Dashboard(Common):
    experiments: str | None = None
    dry_run: bool = MISSING


def register() -> None:
    """Register the schemas in Hydra's store, where the primary configs name them."""
    store = ConfigStore.instance()
    store.store("schema_train", Train)
    store.store("schema_evaluate", Evaluate)
    store.store("schema_predict", Predict)
    store.store("schema_recipe", Recipe)
    store.store("schema_dashboard", Dashboard)
