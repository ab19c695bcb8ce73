"""matting evaluate: measure a method on every test set, beside two baselines that any method has to beat."""

from omegaconf import DictConfig

from matting.experiments import execution
from matting.runs.listing import show_plan


def run(config: DictConfig) -> float:
    """Run the verb. Returns the alpha's MSE in the first region asked for; NaN where that is empty everywhere."""
    if config.plan:
        show_plan(execution.planned_evaluation(config))
        return float("nan")
    return execution.evaluate(config)
