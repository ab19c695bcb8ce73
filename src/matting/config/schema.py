"""The keys of each verb, and of the nodes that build no class and belong to several packages.

Hydra takes the types from the verbs' classes, and refuses `seed=abc` while it composes.
"""

from dataclasses import replace
from typing import Any

from hydra.core.config_store import ConfigStore

from matting.config.data_schema import Augment, Data, Protocol
from matting.config.fields import NO_FILE, OF_THE_STAGE, SIZES, TARGET, Key, Node, key, node_of, typed

UNUSED = "_find_unused_parameters_true"
ANY_STRATEGY = ("auto", "ddp", f"ddp{UNUSED}", "ddp_spawn", f"ddp_spawn{UNUSED}")


@typed
class Paths:
    data_root: str = key("folder of all data sets", kind="text")
    output_dir: str = key("folder of all runs and reports", kind="text")
    cache_dir: str = key("folder of decoded subjects and estimated foregrounds", kind="text")


@typed
class Vgg:
    arch: str = key("network of the perceptual loss; the paper takes vgg19", choices=("vgg19", "vgg16"))
    weights: str = key("its weights; none: random ones", kind="file", also=NO_FILE)
    convention: str = key("how a file's weights expect the image", choices=("imagenet", "bgr_mean"))
    taps: str = key(
        "layers that are compared: the first of each resolution, or those of Johnson et al.",
        "first",
        choices=("first", "johnson"),
        added="first",
    )
    width: float = key("factor of its channels; other than 1 with random weights only", low=0)


@typed
class Trainer:
    name: str = key("name of the trainer; part of a run folder's name")
    accelerator: str = key("where networks run", choices=("cpu", "gpu"))
    devices: int = key("processes on the CPU, or GPUs; -1: all GPUs", low=1, also=(-1,))
    num_nodes: int = key("machines", low=1)
    strategy: str = key("how the ranks of a training work together", choices=ANY_STRATEGY)
    precision: str = key("not float16, which overflows in the adversarial losses", choices=("32-true", "bf16-mixed"))
    channels_last: bool = key("memory format of the networks; faster on GPUs")
    compile: bool = key("compile the networks: a minute or more before the first step")
    max_batches: int | None = key("stop after this many batches", low=1)


@typed
class Runtime:
    workers: int = key("processes that decode and warp; the samples are the same for any number", low=0)
    threads: int | None = key("threads of the main process; null: torch's default", low=1)
    progress: bool = key("show a progress bar")
    log_every: int = key("batches between rows of the training log", low=1)
    recompute: bool = key("activation checkpointing: less memory, up to 20 % slower")


@typed
class Common:
    paths: Paths = key("folders", result=False)
    scale: dict[str, Any] = key("sizes, counts and rates of all stages", node=SIZES)
    vgg: Vgg = key("the network of the perceptual loss in both GAN stages", result=False)
    protocol: Protocol = key("what the papers leave open; literal: their words", result=False)
    augment: Augment = key("augmentation: workers draw and warp, the device changes colours")
    data: Data = key("training and test data")
    trainer: Trainer = key("device, precision and number of processes")
    logger: dict[str, Any] = key("loggers by name", {}, node=TARGET, many=True, result=False)
    runtime: Runtime = key("how fast a run is", result=False)
    seed: int = key("of all random draws", low=0, high=2**32 - 1)
    rerun: bool = key("start over even if the run is done or can be resumed", result=False)
    yes: bool = key("download missing weights, and work longer than a day without a GPU", result=False)
    plan: bool = key("list each run with its folder and state, and run none", result=False)


@typed
class Val:
    every_batches: int = key("batches between validations", low=1)
    samples: int = key("samples of a validation", low=1)
    pictures: int = key("samples whose predictions each validation draws", low=0)


@typed
class Checkpoint:
    every_batches: int = key("batches between checkpoints, within an epoch too", low=1)
    minutes: float = key("longest time between checkpoints", low=0, unit="minutes")
    keep: str = key(
        "of a done run: the weights of the best, the best with its optimizers, or all",
        choices=("weights", "best", "all"),
    )


@typed
class Rows:
    experiments: Any = key("name of an experiment of this verb, whose rows are run", None, result=False)
    verb: str | None = key("of an experiment: the verb that runs its rows", None, result=False)
    published: dict[str, Any] = key("of an experiment: figures of a published table", {}, result=False)


@typed
class Train(Common, Rows):
    stage: dict[str, Any] = key("what is trained", node=TARGET)
    net: dict[str, Any] = key("networks of the stage", node=OF_THE_STAGE)
    loss: dict[str, Any] = key("loss terms of the stage", node=OF_THE_STAGE)
    optim: dict[str, Any] = key("an optimizer for each trained network, and the schedule", node=OF_THE_STAGE)
    val: Val = key("validation during the training")
    checkpoint: Checkpoint = key("when checkpoints are written, and which are kept", result=False)
    evaluate_as: str | None = key("method as which a trained row is measured", None, result=False)


@typed
class Measures:
    convention: str = key("how Grad and Conn are computed; see docs/metrics.md", choices=("dim", "mmagic", "p3m"))
    regions: list[str] = key("where errors are summed; unknown: 0 < alpha < 1, dilated", choices=("whole", "unknown"))
    unknown_dilation: int = key("width of that dilation, for a shorter side of 1024", low=0, unit="px")


@typed
class Evaluate(Common, Rows):
    method: dict[str, Any] = key("the system that is measured", node=TARGET)
    metrics: Measures = key("what is measured")
    batch_size: int = key("images of one size at a time", low=1)
    pictures: int = key("best samples, and worst samples, to keep as pictures", low=0)


@typed
class Predict(Common):
    method: dict[str, Any] = key("the system that predicts", node=TARGET)
    input: str = key("an image, a folder or a glob", kind="text")
    output: str = key("folder of alpha/, cutout/ and composite/", kind="text")
    background: str | None = key("colour or picture for composites; null: none", None, kind="text")
    trimap: str | None = key("trimap or folder of trimaps, for methods that take one", None, kind="text")
    batch_size: int = key("images of one size at a time", low=1)


@typed
class Published:
    source: str = key("paper and table")
    units: str = key("units of the figures; see docs/metrics.md", choices="matting.metrics.units.UNITS")
    region: str = key("where its errors are summed", choices=("whole", "unknown"))
    conditions: str = key("how the figures were measured")
    tests: dict[str, Any] = key("figures by test set and system")


@typed
class RecipeNode:
    name: str = key("name of the recipe")
    title: str = key("title of the report")
    method: str = key("method that is trained and measured")
    published: Published = key("figures of the paper")


@typed
class Recipe(Common):
    recipe: dict[str, Any] = key("method, and the figures of its paper", node=RecipeNode)
    experiments: str | None = key("an experiment, a list of them, or all, instead of the recipe", None, result=False)


@typed
class Dashboard(Common):
    experiments: str | None = key("an experiment, a list of them, or all", None, result=False)
    dry_run: bool = key("print workspace and report as JSON; needs no network and no account")


@typed
class Runs:
    paths: Paths = key("folders", result=False)
    action: str = key("`matting runs show ID` sets this key and the next", kind="text")
    ids: list[str] = key("runs to show, compare or open", empty=True)
    state: str | None = key("list the runs in this state only", None, kind="text")
    kind: str | None = key("list those of this stage, or evaluate/<method>", None, kind="text")
    match: str | None = key("list those with this part in their folder's name", None, kind="text")
    sort: str = key("column; -val: the largest first", kind="text")
    prune: bool = key("delete the listed runs, except running ones; needs state, kind or match")
    plan: bool = key("with prune=true: delete nothing, say what would go and what would be lost", result=False)


VERBS: dict[str, type] = {
    **{"train": Train, "evaluate": Evaluate, "predict": Predict, "reproduce": Recipe, "report": Recipe},
    **{"dashboard": Dashboard, "runs": Runs},
}
# The keys of all verbs: one that several verbs have means the same in each. A config has those of its verb.
ROOT = Node(
    {"config_version": Key("version of the keys, which a run adds to its config", type=int, default=None)}
    | {name: replace(one, default=None) for verb in VERBS.values() for name, one in node_of(verb).keys.items()}
)


def register() -> None:
    """Register the classes in Hydra's store, where the primary configs name them."""
    store = ConfigStore.instance()
    for name in ("train", "evaluate", "predict", "recipe", "dashboard", "runs"):
        store.store(f"schema_{name}", VERBS.get(name, Recipe))
