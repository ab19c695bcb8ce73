"""Free text is kept as typed, with and without -m, and `~` is the home wherever it comes from."""

import pytest
from omegaconf import OmegaConf

from matting.cli.arguments import parse
from matting.cli.launch import compose_row, quote_params
from matting.config import schema
from matting.config.compose import compose_config, compose_job, hydra_ready, parsed
from matting.config.hydra_internals import rows_of
from matting.config.quoting import for_hydra
from matting.config.texts import is_text
from matting.config.validate import check_values
from matting.errors import UserError

TEXTS = ["2024_05_01", "1e3", "my (out)", "007", "1e3456789012", "NULL", "None", "true", "nan", "inf", "0x10", "a:b"]
TEXTS += ["[a]", "{a}", "a=b", "it's", '"a".png', "é", "a b", "#1", "50%", "x$", "a\\b", "1,5"]
KEYS = [
    *("paths.output_dir", "input", "trimap", "method.alpha", "stage.coarse", "vgg.weights", "scale.vgg_weights"),
    *("data.subjects.folder.root", "data.subjects.folder.list_file", "data.test.voc.backgrounds.names"),
    *("logger.wandb.project", "logger.wandb.entity", "logger.wandb.group", "logger.tensorboard.name"),
    *("hydra.launcher.partition", "hydra.sweeper.study_name", "+data.subjects.more.root"),
]


@pytest.fixture(autouse=True)
def registered():
    schema.register()


def rows(*words: str) -> list[list[object]]:
    """Return the values of each row of a grid, as the row's own composition takes them."""
    line = parse("train", ["-m", *words])
    return [[parsed(word).value() for word in row] for row in rows_of(list(map(parsed, line.overrides)))]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("key", KEYS)
def test_a_text_is_kept_as_typed(key, text):
    assert parsed(for_hydra(f"{key}={text}", grid=False)).value() == text
    if "," not in text:
        override = parsed(for_hydra(f"{key}={text}", grid=True))
        assert not override.is_sweep_override()
        assert override.value() == text


@pytest.mark.parametrize("text", TEXTS)
def test_a_path_beside_a_swept_key_is_that_of_every_row(text):
    value = f"'{text}'" if "," in text else text
    assert rows("seed=0,1", f"paths.output_dir={value}") == [[0, text], [1, text]]


def test_a_swept_text_is_split_at_commas_outside_of_quotes():
    assert rows("paths.output_dir=2024_05,1e3, my (out)") == [["2024_05"], ["1e3"], ["my (out)"]]
    assert rows("""method.alpha="a,b",'1e3',null,x""") == [["a,b"], ["1e3"], [None], ["x"]]
    assert rows("method.alpha=choice(a,b)") == [["a"], ["b"]]
    assert rows("seed=0,1", "loss=full,cgan_alpha")[0] == [0, "full"]


@pytest.mark.parametrize("key", ["seed", "scale.height", "loss", "optim.gen.lr", "data.fit", "data.subjects.a.split"])
def test_other_keys_have_hydras_grammar(key):
    assert not is_text(key)
    assert for_hydra(f"{key}=1e3", grid=False) == f"{key}=1e3"


def test_a_row_of_a_search_has_the_text_too():
    """Optuna's sweeper drops the quotes of a text that it does not search."""
    with hydra_ready():
        row = compose_row("train", ["seed=1", "paths.output_dir=2024_05_01", "stage.name=segmentation_gan"])
    assert row.paths.output_dir == "2024_05_01"


def test_the_grid_of_an_experiment_has_texts():
    params = {"paths.output_dir": "2024_05,b", "seed": "0,1"}
    config = OmegaConf.create({"hydra": {"sweeper": {"params": params}}})
    quote_params(config)
    assert dict(config.hydra.sweeper.params) == {"paths.output_dir": '"2024_05",b', "seed": "0,1"}


WANDB = {
    **{"_target_": "matting.tracking.wandb_logger.WandbRun", "entity": None, "group": None},
    **{"mode": "auto", "log_model": False},
}


@pytest.mark.parametrize("value", [7, 1.5, True])
def test_a_text_that_a_file_gives_as_a_number_is_refused(value):
    with pytest.raises(UserError, match=r"logger\.wandb\.project=.*text"):
        check_values({"logger": {"wandb": {**WANDB, "project": value}}})


@pytest.mark.parametrize(
    ("text", "tail"), [("~/x", "/x"), ("~", ""), ("~/a b/c", "/a b/c"), ("'~/x'", "/x"), ('"~/x"', "/x")]
)
@pytest.mark.parametrize(
    "key",
    [
        *("paths.output_dir", "data.subjects.folder.root", "data.subjects.folder.list_file", "vgg.weights"),
        "data.test.folder.backgrounds.root",
    ],
)
def test_a_tilde_on_the_command_line_is_the_home(tmp_path, monkeypatch, key, text, tail):
    monkeypatch.setenv("HOME", str(tmp_path))
    for flags in ([], ["-m"]):
        line = parse("train", [*flags, "data=folder", f"{key}={text}"])
        config = compose_job("train", line.overrides)
        for part in key.split("."):
            config = config[part]
        assert config == f"{tmp_path}{tail}"


def test_a_tilde_of_the_environment_is_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MATTING_DATA_ROOT", "~/data")
    monkeypatch.setenv("MATTING_OUTPUT_DIR", "~/out")
    monkeypatch.setenv("MATTING_CACHE_DIR", "~")
    paths = compose_config("train").paths
    assert (paths.data_root, paths.output_dir, paths.cache_dir) == (
        f"{tmp_path}/data",
        f"{tmp_path}/out",
        str(tmp_path),
    )


def test_a_tilde_of_a_config_file_is_the_home(tmp_path, monkeypatch):
    """`+` and a mapping take the way of a file: no word of the command line is the text itself."""
    monkeypatch.setenv("HOME", str(tmp_path))
    config = compose_config("train", ["data=folder", "+data.subjects.more={root:'~/people',list_file:null}"])
    assert config.data.subjects.more.root == f"{tmp_path}/people"


def test_a_name_that_begins_with_a_tilde_is_no_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    config = compose_config("predict", [for_hydra("input=~$notes.png", grid=False), "output=o"])
    assert config.input == "~$notes.png"
