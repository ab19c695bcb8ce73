"""matting train: fit one stage, resume it where it stopped, or find that it is done."""

from omegaconf import DictConfig

from matting.experiments import execution
from matting.runs.listing import show_plan


def run(config: DictConfig) -> float:
    """Run the verb. Returns the validation MSE of the best checkpoint, which a sweeper minimises; NaN without one."""
    if config.plan:
        show_plan(execution.planned_row(config))
        return float("nan")
    return execution.train(config)
