"""What a fresh machine installs: the wheel with its configs, and the lock."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built with the locked build backend: no network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("*.whl")
    return file


def test_the_wheel_carries_configs_experiments_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert all(name.startswith(("matting/", "matting-")) for name in names)
    for folder, target in (("conf", "matting/conf"), ("experiments", "matting/conf/experiments")):
        files = [file for file in (ROOT / folder).rglob("*.yaml") if not file.is_symlink()]
        assert {f"{target}/{file.relative_to(ROOT / folder).as_posix()}" for file in files} <= names
    assert any(name.startswith("matting/conf/experiments/") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".nbc", ".nbi"))]
    sources = {
        f"matting/{file.relative_to(ROOT / 'src/matting').as_posix()}" for file in (ROOT / "src/matting").rglob("*.py")
    }
    assert {name for name in names if name.endswith(".py")} == sources


def test_the_installed_command_composes_from_any_folder(wheel, tmp_path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    scale = site / "matting/conf/scale/quick.yaml"
    scale.write_text(scale.read_text().replace("name: quick", "name: installed"))
    here = tmp_path / "elsewhere"
    here.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "matting", "train", "scale=quick", "--cfg", "job"],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "  name: installed" in done.stdout.splitlines()
    assert not list(here.iterdir())


def requirements():
    """(name, version, lines of hashes) of the lock, and its other lines."""
    text = (ROOT / "requirements.lock").read_text().replace("\\\n", " ")
    return [line.split("#")[0].strip() for line in text.splitlines() if line.split("#")[0].strip()]


def test_the_lock_pins_everything_by_hash_and_names_no_registry():
    lines = requirements()
    assert len(lines) > 50
    for line in lines:
        assert re.match(r"[a-z0-9._-]+==[^ ]+ ", line), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    assert "index-url" not in text


def test_the_lock_holds_what_must_stay_together():
    pins = dict(line.split(" ")[0].split("==") for line in requirements())
    assert {"torch", "torchvision", "pytest", "ruff", "mypy"} <= pins.keys()
    assert pins["albumentations"] == "2.0.8"
    assert pins["lightning"] not in ("2.6.2", "2.6.3")  # withdrawn after a supply-chain compromise
    declared = re.findall(r'^    "([a-z0-9-]+)[>=<]', (ROOT / "pyproject.toml").read_text(), re.M)
    assert len(declared) > 10
    assert set(declared) <= pins.keys()
