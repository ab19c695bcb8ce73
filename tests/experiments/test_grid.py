"""Every file of experiments/ composes; what the command line does to a grid; one of each verb run, tiny."""

from functools import cache

import pytest
import yaml

from matting.cli.arguments import parse
from matting.config.compose import compose_config, config_dir, options
from matting.config.identity import plain
from matting.config.instantiate import resolve
from matting.config.validate import check
from matting.errors import UserError
from matting.experiments.experiment import fits
from matting.experiments.grid import check_experiment, experiment_names, grid, read_file
from matting.experiments.jobs import Job, composed_row, job_of
from matting.metrics.units import UNITS
from matting.runs.upstream import method_run, stage_run

NAMES = options("experiments")


QUICK = ("scale=quick",)


@cache
def jobs_of(name: str, *overrides: str) -> list[Job]:
    verb = read_file(name)["verb"]
    return [job_of(verb, words) for words in grid(name, verb, overrides)]


def test_the_experiments_of_both_papers_are_there():
    pomagan = ("border", "encoder", "gan", "loss_grid", "table1", "table3_targets", "table3_terms", "table4_datasets")
    alphanet = ("attention", "end_to_end", "equal_training", "feedback", "table1", "table2", "trimap_training")
    alphanet = (*alphanet, "trimap_width")
    assert [*(f"alphanet/{name}" for name in alphanet), *(f"pomagan/{name}" for name in pomagan)] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_composes_and_its_published_rows_are_of_its_grid(name, hydra):
    file = read_file(name)
    lines = grid(name, file["verb"], QUICK)
    assert len(set(lines)) == len(lines)
    check(row := composed_row(file["verb"], lines[-1]))
    config = plain(row)
    resolve(config["stage" if file["verb"] == "train" else "method"]["_target_"])
    published = file["published"]
    assert set(published["metrics"]) <= set(UNITS[published["units"]])
    assert published["source"]
    assert published["conditions"]
    told = [words for node in published["rows"].values() if "of" not in node for words in lines if covers(node, words)]
    assert len(told) >= (1 if name == "pomagan/loss_grid" else len(lines))
    for node in published["rows"].values():
        if "of" in node:
            other = read_file(node["of"])
            assert any(fits(node["at"], words) for words in grid(node["of"], other["verb"], ()))
        elif "at" in node:
            assert any(covers(node, words) for words in lines), node
        for figures in node.get("figures", {}).values():
            assert len(figures) == len(published["metrics"])


def covers(node, words):
    return "at" in node and fits(node["at"], words)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_a_short_overlay_with_its_full_size_command(name):
    text = (config_dir() / f"experiments/{name}.yaml").read_text()
    overlay, _ = text.split("published:", 1)
    assert len(overlay.splitlines()) <= 25
    file = yaml.safe_load(text)
    assert not any("scale" in choice for choice in [*file, *map(str, file.get("defaults", []))])
    assert f"matting {file['verb']} experiments={name} data=aim_d646_coco" in overlay


def test_rows_of_table_3_share_a_segmentation_run_but_not_of_table_4(hydra):
    terms, datasets = jobs_of("pomagan/table3_terms", *QUICK), jobs_of("pomagan/table4_datasets", *QUICK)
    assert [[run.kind for run in job.stages] for job in terms] == [["segmentation_gan", "alpha_gan"]] * 3
    assert len({job.stages[0].digest for job in terms}) == 1
    assert len({job.stages[1].digest for job in terms}) == 3
    assert len({job.stages[0].digest for job in datasets}) == 3
    subjects = [job.stages[0].config["data"]["subjects"] for job in datasets]
    used = [{name for name, source in sources.items() if source} for sources in subjects]
    assert used == [{"aim"}, {"d646"}, {"aim", "d646"}]


def test_a_row_has_the_runs_that_its_choices_give_without_an_experiment(hydra):
    as_long = [*QUICK, "scale.row_epochs=${scale.alpha_epochs}"]
    job = jobs_of("pomagan/table3_terms", *as_long)[2]
    assert job.stages[1].digest == stage_run(compose_config("train", ["stage=alpha_gan", *QUICK]))[0].digest
    assert job.evaluation.digest == method_run(compose_config("evaluate", ["method=pomagan", *QUICK]))[0].digest
    gan = job_of("train", grid("pomagan/gan", "train", as_long)[0])
    assert gan.stages[1].digest == job.stages[1].digest
    (table1,) = jobs_of("pomagan/table1", *as_long)
    assert table1.evaluation.digest == job.evaluation.digest
    assert [run.digest for run in table1.stages] == [run.digest for run in job.stages]


def test_a_row_trains_as_long_as_the_scale_gives_a_row(hydra):
    job = jobs_of("pomagan/table3_terms", *QUICK, "scale.row_epochs=3", "scale.alpha_epochs=5")[2]
    assert job.stages[1].config["stage"]["epochs"] == 3
    (table1,) = jobs_of("pomagan/table1", *QUICK, "scale.row_epochs=3", "scale.alpha_epochs=5")
    assert table1.stages[1].config["stage"]["epochs"] == 5


def test_the_command_line_replaces_one_key_and_multiplies_by_another(hydra):
    assert len(grid("pomagan/table3_terms", "train", ["seed=1,2,3"])) == 9
    lines = grid("pomagan/table3_terms", "train", ["loss=full", "seed=4"])
    assert lines == [("experiments=pomagan/table3_terms", "loss=full", "seed=4")]
    assert len(grid("pomagan/loss_grid", "train", ["loss.border.weight=0,30,100"])) == 12


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_measured_at_the_size_that_its_paper_says(name, hydra):
    verb = read_file(name)["verb"]
    job = job_of(verb, grid(name, verb, ["data=aim_d646_coco"])[0])
    sizes = [test["eval_size"] for run in (*job.stages, job.evaluation) for test in run.config["data"]["test"].values()]
    assert sizes == ["native" if name.startswith("alphanet") else [1024, 1024]] * 3 * (len(job.stages) + 1)


def test_a_row_is_measured_at_the_longer_side_that_it_was_trained_at(hydra):
    words = (*QUICK, "net.mat.attention=attention", "stage.max_side=96,160")
    smaller, default = jobs_of("alphanet/attention", *words)
    assert smaller.stages[-1].config["stage"]["long_side"] == 96
    assert smaller.evaluation.config["method"]["max_side"] == 96
    assert default.evaluation.digest == method_run(compose_config("evaluate", ["method=alphanet", *QUICK]))[0].digest


@pytest.mark.parametrize(
    ("verb", "words", "said"),
    [
        ("evaluate", ["experiments=pomagan/gan"], "`matting train experiments=pomagan/gan`"),
        ("train", ["experiments=pomagan/table1"], "`matting evaluate experiments=pomagan/table1`"),
        ("train", ["-m", "experiments=pomagan/gan,pomagan/table1"], "`matting reproduce experiments=pomagan/gan,poma"),
        ("train", ["experiments=pomagan/tabel1"], "alphanet/attention"),
        ("report", ["experiments=nonsense"], "experiments=nonsense"),
        ("report", ["experiments=pomagan/gan", "--cfg", "job"], "`matting train experiments=pomagan/gan --cfg ...`"),
        (
            "reproduce",
            ["experiments=pomagan/table1", "-c", "job"],
            "`matting evaluate experiments=pomagan/table1 --cfg ...`",
        ),
    ],
)
def test_a_wrong_verb_or_name_of_an_experiment_is_one_line(matting, verb, words, said):
    code, out, err = matting(verb, *words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err


def test_what_is_asked():
    assert experiment_names(parse("report", ["seed=1"]).experiments) == []
    assert experiment_names(parse("report", ["experiments=null"]).experiments) == []
    assert experiment_names(parse("report", ["experiments=a/b,c"]).experiments) == ["a/b", "c"]
    assert experiment_names(parse("report", ["experiments=all"]).experiments) == NAMES
    check_experiment("train", ["pomagan/gan"])
    with pytest.raises(UserError):
        check_experiment("train", ["all"])


def test_plan_lists_each_rows_runs_and_makes_none(tiny, tmp_path):
    code, out, _ = tiny("train", "experiments=pomagan/encoder", "plan=true")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines() if "#" in line] == ["#0", "#1"]
    lines = [line for line in out.splitlines() if "outputs/" in line and "#" not in line]
    assert [line.split("outputs/")[1].rsplit("/", 1)[0] for line in lines] == [
        *("segmentation_gan", "alpha_gan", "evaluate/pomagan") * 2
    ]
    assert [line.split("outputs/")[0].strip() for line in lines] == [*("new", *["waits for an upstream run"] * 2) * 2]
    assert not list(tmp_path.glob("outputs/*_gan"))
