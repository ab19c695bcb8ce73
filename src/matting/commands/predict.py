"""matting predict: write alpha, cut-out and composite of pictures of any size."""

import re
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from matting.config.derive import SHARED, NodeKey
from matting.config.identity import plain
from matting.config.quoting import command_text
from matting.errors import Incomplete, UserError
from matting.experiments.preflight import check_pictures
from matting.prediction.inputs import FOLDERS, beside, find_pictures, read_background
from matting.runs.upstream import Upstream, below, method_upstream
from matting.utils.columns import aligned
from matting.utils.console import say


def run(config: DictConfig) -> None:
    """Run the verb: write `alpha/<name>.png`, `cutout/<name>.png` and, with a background, `composite/<name>.png`.

    A name is the picture's path below the input, without its suffix unless another picture would get the same one.
    """
    if config.plan:
        planned = method_upstream(plain(config)).values()
        rows = [(found.run.state() if found.run else "file", str(found.run or found.checkpoint)) for found in planned]
        if rows:
            say(aligned(rows, least=(10,)))
        return
    output = Path(config.output).expanduser()
    pictures = find_pictures(config.input, output, config.trimap)
    trimaps = beside(config, pictures)
    background = None if config.background is None else read_background(config.background)
    folders = FOLDERS if background is not None else FOLDERS[:2]
    upstream = trained(config)
    check_pictures(len(pictures), [found.run for found in upstream.values() if found.run is not None], config)
    checkpoints: dict[str, Path] = {key: found.checkpoint for key, found in upstream.items()}
    try:
        for folder in folders:
            (output / folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"output={output}: cannot make folders there ({error.strerror}); name another folder") from None
    say(f"predict: {len(pictures)} pictures")
    from matting.prediction.predictor import predict

    skipped = predict(plain(config), checkpoints, pictures, output, background, trimaps)
    say(f"predict: {len(pictures) - len(skipped)} of {len(pictures)} pictures done, {', '.join(folders)} in {output}")
    if skipped:
        names = ", ".join(map(str, skipped[:5])) + (", ..." if len(skipped) > 5 else "")
        raise Incomplete(f"{len(skipped)} of {len(pictures)} pictures skipped, for the reasons above: {names}")


def trained(config: DictConfig) -> dict[NodeKey, Upstream]:
    """Return the run or checkpoint of each network; raises UserError with the command that trains a missing one."""
    upstream = method_upstream(plain(config))
    for key, found in upstream.items():  # a method's last stage comes first: training it trains its upstream stages too
        if found.run is not None and found.run.result() is None:
            state, leaf = found.run.state(), key.name
            command = train_command(config, leaf, found.run.kind)
            raise UserError(
                f"method.{leaf}: {found.run} is not trained ({state}); `{command}` does it, "
                f"or name a run or a checkpoint: method.{leaf}=..."
            )
    return upstream


def train_command(config: DictConfig, key: str, stage: str) -> str:
    """Return the command that trains the run of a method's key, with the words of this command line that both share."""
    given = [word for word in HydraConfig.get().overrides.task if re.split(r"[.=@]", word.lstrip("+~"))[0] in SHARED]
    named = [
        f"stage.{name}={config.method[k]}" for k, name in below(config.method, key) if config.method[k] is not None
    ]
    return command_text(["matting", "train", f"stage={stage}", *named, *given])
