"""The layout of the package: what lies at its root, and that each package says what each of its files is."""

import ast
import re
from pathlib import Path

import pytest

import matting

ROOT = Path(matting.__file__).parent
# The embedded data are named by their package in configs and digests, so its `__init__` holds the sources.
PACKAGES = [
    file.parent
    for file in sorted(ROOT.rglob("__init__.py"))
    if file.parent != ROOT and file.parent.name != "procedural"
]


def test_nothing_else_lies_at_the_root():
    files = {path.name for path in ROOT.iterdir() if not path.is_dir()}
    assert files == {"__init__.py", "__main__.py", "errors.py", "py.typed"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.relative_to(ROOT).as_posix())
def test_a_package_names_each_file_and_imports_nothing(package):
    (docstring,) = ast.parse((package / "__init__.py").read_text()).body
    text = docstring.value.value
    assert "May import: " in text
    named = {*re.findall(r"^(\w+): ", text, re.MULTILINE)}
    modules = {path.stem for path in package.glob("*.py")}
    modules |= {path.parent.name for path in package.glob("*/__init__.py")}
    beside = {
        name for name in modules if name.removesuffix("_config") in modules - {name}
    }  # keys of a module's classes
    assert named == modules - beside - {"__init__"}
