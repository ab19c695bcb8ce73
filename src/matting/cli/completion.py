"""Tab completion: the verbs, then Hydra's completion for the rest of the line."""

import os
import sys
from collections.abc import Collection


def complete(verbs: Collection[str], arguments: list[str]) -> int:
    """Print the words that complete COMP_LINE for `-sc query=bash`; hand `install=` and `uninstall=` to Hydra."""
    if not any("query" in argument for argument in arguments):
        return ask_hydra("train", arguments)
    line = os.environ.get("COMP_LINE", "")
    words = line.split()
    if len(words) < 2 or (len(words) == 2 and not line.endswith(" ")):
        print(" ".join(verb for verb in verbs if verb.startswith("".join(words[1:]))))
        return 0
    if words[1] in verbs:
        # Hydra knows no verbs, so the line that it completes has none
        os.environ["COMP_LINE"] = " ".join(["matting", *(line.split(maxsplit=2)[2:] or [""])])
        os.environ["COMP_POINT"] = str(len(os.environ["COMP_LINE"]))
        return ask_hydra(words[1], arguments)
    return 0


def ask_hydra(verb: str, arguments: list[str]) -> int:
    """Run Hydra's completion for the config of a verb and return the exit code."""
    import hydra

    from matting.config import schema
    from matting.config.compose import config_dir

    schema.register()
    sys.argv = ["matting", "--shell-completion", *arguments]
    hydra.main(config_path=str(config_dir()), config_name=verb, version_base="1.3")(lambda config: None)()
    return 0
