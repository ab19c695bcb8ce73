"""Train POMAGAN's alpha stage with a further loss term, a few batches, without changing the package.

    python examples/new_loss_term.py --batches 20 scale=quick

Prints the raw value of the new term after each update. Use this to try an idea; a term with config keys is a file of
`stages/pomagan_terms`, see CONTRIBUTING.md.
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

import lightning
from lightning.pytorch.loggers import Logger
from torch import Tensor, nn

from matting.config import schema
from matting.config.compose import compose_config
from matting.config.identity import plain
from matting.data.datamodule import CompositeData
from matting.losses.matte import mean_absolute_error
from matting.losses.weighted import LossSum
from matting.stages.alpha_gan import AlphaGAN
from matting.stages.base import StageConfig
from matting.stages.objective import Objective
from matting.stages.pomagan_terms.base import Example


def gradient_loss(pred_alpha: Tensor, true_alpha: Tensor) -> Tensor:
    """Return the mean absolute difference of the horizontal and of the vertical gradients, added up: a scalar.

    pred_alpha, true_alpha: (B, 1, H, W) in [0, 1], H and W at least 2.
    """
    horizontal = mean_absolute_error(pred_alpha.diff(dim=3), true_alpha.diff(dim=3))
    vertical = mean_absolute_error(pred_alpha.diff(dim=2), true_alpha.diff(dim=2))
    return horizontal + vertical


class GradientObjective(Objective):
    """POMAGAN's terms (eq. 11) and the gradient loss, times `gradient_weight`."""

    gradient_weight = 10.0

    def generator_losses(self, example: Example, pred: Tensor, disc: nn.Module | None) -> LossSum:
        losses = super().generator_losses(example, pred, disc)
        term = gradient_loss(pred, example.true_map)
        weighted = self.gradient_weight * term
        return LossSum(
            total=losses.total + weighted,
            raw={**losses.raw, "gradient": term.detach()},
            weighted={**losses.weighted, "gradient": weighted.detach()},
        )


class GradientAlphaGAN(AlphaGAN):
    """The alpha stage with that objective."""

    def __init__(self, config: StageConfig):
        super().__init__(config)
        self.objective = GradientObjective(config.loss, config.net["disc"]["scales"], config.data_root)


class RowLogger(Logger):
    """Keeps the logged rows, and prints the new term of each."""

    name, version = "rows", ""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, float]] = []

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self.rows.append(dict(metrics))
        if "train/loss/gradient" in metrics:
            print(f"batch {step}: gradient {metrics['train/loss/gradient']:.4f}")

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to keep: the config was given on the command line."""


def train(batches: int, overrides: Sequence[str]) -> list[dict[str, float]]:
    """Train for some batches and return the logged rows.

    The true map, perturbed, takes the place of the coarse map: so the stage needs no trained segmentation network.
    """
    schema.register()
    config = plain(compose_config("train", ["stage=alpha_gan", "stage.coarse=ground_truth", *overrides]))
    lightning.seed_everything(config["seed"], verbose=False)
    nodes = {key: config[key] for key in ("stage", "net", "loss", "optim")}
    stage = GradientAlphaGAN(StageConfig(**nodes, data_root=config["paths"]["data_root"]))
    stage.frame, stage.total_batches, stage.log_every = tuple(config["stage"]["frame"]), batches, 1
    data = CompositeData(config, config["stage"]["batch_size"])
    logger = RowLogger()
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=1,
        limit_train_batches=batches,
        limit_val_batches=0,
        logger=logger,
        log_every_n_steps=1,
        use_distributed_sampler=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(stage, data)
    return logger.rows


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train the alpha stage with a gradient loss for some batches.")
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("overrides", nargs="*", help="as of matting train, for example scale=quick seed=1")
    arguments = parser.parse_args(argv)
    train(arguments.batches, arguments.overrides)


if __name__ == "__main__":
    main()
