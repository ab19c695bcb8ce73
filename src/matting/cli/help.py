"""matting VERB --help: the groups with their choices, and the keys as the command line composes them. No torch here."""

from collections.abc import Sequence

from omegaconf import OmegaConf

from matting.config.compose import compose_config, config_dir, options
from matting.utils.console import say

HELP = ("-h", "--help")
FOOTER = """\
key=value changes a value, group=choice a group; -m key=a,b runs the grid. --cfg job prints the composed config,
--info defaults the files it came from; plan=true lists the runs and runs nothing."""


def show(verb: str, overrides: Sequence[str]) -> None:
    """Print the help of a verb. Hydra's own reads its whole repository of configs once for each group: 3 seconds."""
    config = OmegaConf.to_yaml(compose_config(verb, list(overrides)))
    groups = sorted(folder.name for folder in config_dir().iterdir() if folder.is_dir() and folder.name != "hydra")
    choices = "\n".join(f"{group}: {', '.join(options(group))}" for group in groups)
    say(f"Groups and their choices (group=choice):\n\n{choices}\n\nThe config (key=value):\n\n{config}\n{FOOTER}")
