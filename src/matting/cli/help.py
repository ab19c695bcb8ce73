"""What a verb prints when it runs nothing: its help, its config, what Hydra knows of it."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import Container, OmegaConf, open_dict
from rich.console import Console

from matting.cli.arguments import CommandLine
from matting.config import hydra_internals
from matting.config.compose import compose_config, compose_job, config_dir, options
from matting.config.fields import shown
from matting.config.nodes import ABSENT, walk
from matting.config.schema import ROOT
from matting.errors import UserError
from matting.utils.console import say

FOOTER = """\
key=value sets a value, group=choice chooses a file of a group, -m key=a,b runs a grid.
--cfg job prints the composed config, --info defaults the files it came from; plan=true lists the runs and runs none.
--help NODE, such as --help stage, prints the keys of one node."""


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
    """Print the groups with their choices, and each key with its value, what it may hold and why it is there.

    Hydra's own help takes seconds and lists its own groups.
    """
    made = compose_config(line.verb, line.overrides)
    config: dict[str, Any] = OmegaConf.to_container(made)  # type: ignore[assignment]
    groups = sorted(folder.name for folder in config_dir().iterdir() if folder.is_dir() and folder.name != "hydra")
    if unknown := [topic for topic in line.topics if topic not in config]:
        raise UserError(f"{unknown[0]}: no such node; there are {', '.join(config)}")
    width = Console().width
    texts = [f"{group}: {', '.join(options(group))}" for group in groups if not line.topics or group in line.topics]
    choices = "\n".join(wrapped(text, width, "", "    ") for text in texts)
    shown_nodes = {key: value for key, value in config.items() if not line.topics or key in line.topics}
    keys = "\n".join(key_lines(shown_nodes, config, width))
    say(f"Groups and their choices (group=choice):\n\n{choices}\n\nThe keys (key=value):\n{keys}\n\n{FOOTER}")


def key_lines(nodes: Mapping[str, Any], config: Mapping[str, Any], width: int) -> Iterator[str]:
    """Yield the lines of all keys of some nodes: `key=value`, then what the key may hold and its reason."""
    group = None
    for at, key, value, _ in walk(nodes, ROOT, config):
        if key is None or value is ABSENT:
            continue
        if "." in at and at.partition(".")[0] != group:
            group = at.partition(".")[0]
            yield f"\n{group}: {ROOT.keys[group].doc}"
        yield f"  {at}={shown(value)}"
        what = "" if key.type is Any or key.node else ", in ".join(filter(None, (key.words, key.unit)))
        yield wrapped(". ".join(filter(None, (what, key.doc))), width, " " * 6, " " * 6)


def wrapped(text: str, width: int, first: str, others: str) -> str:
    """Return a text in lines of a width, between words."""
    return textwrap.fill(
        text, width, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )


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
