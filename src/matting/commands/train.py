"""matting train: fit one stage, resume it where it stopped, or find that it is done."""

from omegaconf import DictConfig

from matting.experiments import execution
from matting.experiments.plan import planned_row
from matting.experiments.preflight import check_planned, show_preflight
from matting.runs.listing import show_plan


def run(config: DictConfig) -> float:
    """Run the verb. Returns the validation MSE of the best checkpoint, which a sweeper minimises; NaN without one."""
    if config.plan:
        planned = planned_row(config)
        show_plan(planned)
        show_preflight(planned)
        return float("nan")
    check_planned(lambda: planned_row(config), config)
    return execution.train(config)
