"""What a verb prints when it runs nothing: its help, its config, what Hydra knows of it."""

from hydra.core.hydra_config import HydraConfig
from omegaconf import Container, OmegaConf, open_dict

from matting.cli.arguments import CommandLine
from matting.config import hydra_internals
from matting.config.compose import compose_config, compose_job, config_dir, options
from matting.errors import UserError
from matting.utils.console import say

FOOTER = """\
key=value sets a value, group=choice chooses a file of a group, -m key=a,b runs a grid.
--cfg job prints the composed config, --info defaults the files it came from; plan=true lists the runs and runs none."""


def show(line: CommandLine) -> bool:
    """Print what the options of a command line ask for. Return False where there is no such option."""
    if line.help:
        show_help(line)
    elif line.cfg is not None:
        show_config(line)
    elif line.info is not None:
        hydra_internals.show_info(line.info, line.verb, line.overrides)
    else:
        return False
    return True


def show_help(line: CommandLine) -> None:
    """Print the groups with their choices and the config. Hydra's own help takes seconds and lists its own groups."""
    config = OmegaConf.to_yaml(compose_config(line.verb, line.overrides))
    groups = sorted(folder.name for folder in config_dir().iterdir() if folder.is_dir() and folder.name != "hydra")
    choices = "\n".join(f"{group}: {', '.join(options(group))}" for group in groups)
    say(f"Groups and their choices (group=choice):\n\n{choices}\n\nThe config (key=value):\n\n{config}\n{FOOTER}")


def show_config(line: CommandLine) -> None:
    """Print the config as YAML (`--cfg job`), Hydra's own node (`hydra`) or both (`all`), or one node of it (`-p`).

    Raises UserError where the config has no such node.
    """
    config = compose_job(line.verb, line.overrides)
    HydraConfig.instance().set_config(config)
    OmegaConf.set_readonly(config.hydra, None)
    with open_dict(config):
        for key in [key for key in config if line.cfg != "all" and (key == "hydra") == (line.cfg == "job")]:
            del config[key]
    if line.cfg == "hydra":
        with open_dict(config.hydra):  # the texts of Hydra's own help, which no verb prints
            del config.hydra["help"], config.hydra["hydra_help"]
    package = None if line.package == "_global_" else line.package
    node = config if package is None else OmegaConf.select(config, package)
    if node is None:
        command = f"matting {line.verb} --cfg {line.cfg}"
        raise UserError(f"--package {package}: not in the config; `{command}` prints all of it")
    if not isinstance(node, Container):
        say(str(node))
        return
    if line.resolve:
        OmegaConf.resolve(node)
    header = "" if package is None else f"# @package {package}\n"
    say((header + OmegaConf.to_yaml(node)).removesuffix("\n"))
