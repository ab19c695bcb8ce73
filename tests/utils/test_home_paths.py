"""No file of a run tells whose home it was made in, and a run is found again from another home."""

import shutil
from pathlib import Path

import pytest

from matting.runs.run import open_run, run_folders
from matting.utils.home_paths import abbreviate_home, expand_home


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The home lies above the folder of the test, as it does of most people."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_home_is_a_tilde_in_every_text(home):
    facts = {"a": f"{home}/w.pth", "b": ["in", f"see {home}: full", 1, None], "c": {"d": str(home)}}
    assert abbreviate_home(facts) == {"a": "~/w.pth", "b": ["in", "see ~: full", 1, None], "c": {"d": "~"}}
    assert abbreviate_home(f"{home}-2/x {home}s/x") == f"{home}-2/x {home}s/x"


def test_a_tilde_is_the_home_of_who_reads(home):
    assert expand_home({"a": ["~/w.pth", "~", 1], "b": "~w or ~/w"}) == {
        "a": [f"{home}/w.pth", str(home), 1],
        "b": "~w or ~/w",
    }


def test_the_root_is_nobodys_home(monkeypatch):
    monkeypatch.setenv("HOME", "/")
    assert abbreviate_home("/data/x") == "/data/x"


def test_no_config_manifest_or_log_names_the_home(tiny, home):
    where = [f"paths.output_dir={home}/out", f"paths.cache_dir={home}/cache", f"paths.data_root={home}/data"]
    table = "experiments=pomagan/table1"
    for words in (["train", "stage=alpha_gan"], ["evaluate"], ["report"], ["evaluate", table], ["report", table]):
        code, _, err = tiny(*words, *where)
        assert code == 0, err
    code, _, err = tiny("train", "stage=segmentation_gan", *where, "optim.gen.lr=1e30", "optim.warmup=0")
    assert code != 0, "a log with a traceback and a manifest with an error are wanted too"
    files = [path for path in (home / "out").rglob("*") if path.is_file()]
    assert {"config.yaml", "manifest.json", "train.log", "evaluate.log"} <= {path.name for path in files}
    assert [path for path in files if str(home).encode() in path.read_bytes()] == []


def test_a_quoted_tilde_is_the_home_of_who_types(matting, home):
    _, out, _ = matting("train", "stage=segmentation_gan", "paths.data_root=~/some data", "--cfg", "job")
    assert f"data_root: {home}/some data" in " ".join(out.split())  # YAML breaks long lines


@pytest.mark.parametrize(
    ("value", "places"),
    [
        ("~/x", ["{home}/x"]),
        ("~/x,~/y z", ["{home}/x", "{home}/y z"]),
        ("\"~/x\",a,'~/b c'", ["{home}/x", "a", "{home}/b c"]),
        ("'a~','~b/c','d,~/e'", ["a~", "~b/c", "d,~/e"]),
    ],
)
def test_a_tilde_in_a_grid_is_the_home_too(matting, home, value, places):
    code, out, err = matting("runs", "-m", f"paths.output_dir={value}")
    assert code == 0, err
    found = [line.removeprefix("no runs in ") for line in out.splitlines() if line.startswith("no runs in ")]
    assert found == [place.format(home=home) for place in places]
    assert not (home / "~").exists()


def test_a_run_that_was_moved_to_another_home_is_read_from_there(tiny, home, monkeypatch):
    code, _, err = tiny("train", "stage=segmentation_gan", f"paths.output_dir={home}/out")
    assert code == 0, err
    other = home / "other"
    shutil.move(home / "out", other / "out")
    monkeypatch.setenv("HOME", str(other))
    (folder,) = run_folders(other / "out")
    run = open_run(folder)
    assert run.config["paths"]["output_dir"] == str(other / "out")
    assert Path(run.config["paths"]["output_dir"]).is_dir()
