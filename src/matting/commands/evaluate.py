"""matting evaluate: measure a method on every test set, beside two baselines that any method has to beat."""

from omegaconf import DictConfig

from matting.experiments import execution
from matting.experiments.plan import planned_evaluation
from matting.experiments.preflight import check_planned, show_preflight
from matting.runs.listing import show_plan


def run(config: DictConfig) -> float:
    """Run the verb. Returns the alpha's MSE in the first region asked for; NaN where that is empty everywhere."""
    if config.plan:
        planned = planned_evaluation(config)
        show_plan(planned)
        show_preflight(planned)
        return float("nan")
    check_planned(lambda: planned_evaluation(config), config)
    return execution.evaluate(config)
