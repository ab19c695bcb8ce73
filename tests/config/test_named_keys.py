"""The keys that messages name are keys of a config."""

import ast
import re
from pathlib import Path

import pytest

import matting
from matting.config import schema
from matting.config.compose import compose_config, options
from matting.config.identity import flat, plain

NODES = (
    "scale data stage net loss optim trainer runtime checkpoint paths method metrics logger val augment vgg protocol"
)
NAMED = re.compile(rf"(?<![\w./<{{-])((?:{NODES.replace(' ', '|')})(?:\.\w+)+)(?![\w.<-]|\.\w)")
ROOT = Path(matting.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))


def prose(tree: ast.AST) -> list[str]:
    """Return the strings of a source that hold more than a word, without its docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node.value for node in strings if id(node) not in docstrings and " " in node.value]


@pytest.fixture(scope="module")
def keys():
    """Every key of every stage, method, data and logger, with the keys of their parents."""
    schema.register()
    lines = [("train", f"stage={name}") for name in options("stage")]
    lines += [("evaluate", f"method={name}") for name in options("method")]
    lines += [("train", f"data={name}") for name in options("data")]
    lines += [("train", f"logger={name}") for name in options("logger")]
    lines += [("predict", "input=a"), ("train", "stage=alphanet_matting")]
    found: set[str] = set()
    for verb, word in lines:
        words = (word, "output=b") if verb == "predict" else (word,)
        for key in flat(plain(compose_config(verb, words))):
            parts = key.split(".")
            found |= {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_messages_name_keys_that_exist(source, keys):
    named = set(NAMED.findall("\n".join(prose(ast.parse(source.read_text())))))
    assert named - keys == set()
