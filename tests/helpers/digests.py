"""Digests of the runs that command lines name."""

from functools import cache

from matting.config.compose import compose_config
from matting.runs.upstream import method_run, stage_run


@cache
def digest_of_line(*words: str, verb: str = "train") -> str:
    config = compose_config(verb, list(words))
    return (stage_run if verb == "train" else method_run)(config)[0].digest
