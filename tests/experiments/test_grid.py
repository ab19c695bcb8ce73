"""Every file of experiments/ composes; what the command line does to a grid; one of each verb run, tiny."""

import json
from dataclasses import replace
from functools import cache

import pytest
import yaml
from hydra import initialize_config_dir
from hydra.errors import ConfigCompositionException

from matting.config import schema
from matting.config.compose import compose_config, config_dir, options
from matting.config.identity import plain
from matting.config.instantiate import resolve
from matting.config.validate import check
from matting.errors import JobError, UserError
from matting.experiments import execution
from matting.experiments import jobs as experiments
from matting.experiments.experiment import borrowed, differing, experiment, fits, rows_of
from matting.experiments.grid import check_command, experiment_names, grid, read_file
from matting.experiments.jobs import Job, composed_row, job_of
from matting.metrics.units import UNITS
from matting.runs.run import Run
from matting.runs.upstream import method_run, stage_run

NAMES = options("experiments")
QUICK = ("scale=quick",)


@pytest.fixture
def hydra():
    """Hydra set up once for what composes rows."""
    schema.register()
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        yield


@cache
def jobs_of(name: str, *overrides: str) -> list[Job]:
    verb = read_file(name)["verb"]
    return [job_of(verb, words) for words in grid(name, verb, overrides)]


def test_the_experiments_of_both_papers_are_there():
    pomagan = ("encoder", "gan", "loss_grid", "table1", "table3_targets", "table3_terms", "table4_datasets")
    alphanet = ("attention", "end_to_end", "feedback", "table1", "table2", "trimap_training", "trimap_width")
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


@pytest.fixture
def apart(monkeypatch):
    """Six rows are composed by two processes."""
    monkeypatch.setattr(experiments, "ROWS_A_PROCESS", 3)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert experiments.composing(6) == 2


def test_rows_composed_by_processes_are_those_composed_here(hydra, apart):
    lines = grid("pomagan/table3_terms", "train", (*QUICK, "seed=1,2"))
    made = experiments.jobs_of("pomagan/table3_terms", "train", lines)
    assert made == {words: job_of("train", words) for words in lines}
    assert len(made) == 6


def test_a_row_that_does_not_compose_in_a_process_is_told_of_as_here(hydra, apart):
    lines = [*grid("pomagan/table3_terms", "train", (*QUICK, "seed=1,2")), ("experiments=pomagan/table3_terms", "no=1")]
    with pytest.raises(ConfigCompositionException, match="no=1"):
        experiments.jobs_of("pomagan/table3_terms", "train", lines)


def test_rows_of_table_3_share_one_segmentation_run_and_those_of_table_4_do_not(hydra):
    terms, datasets = jobs_of("pomagan/table3_terms", *QUICK), jobs_of("pomagan/table4_datasets", *QUICK)
    assert [[run.kind for run in job.stages] for job in terms] == [["segmentation_gan", "alpha_gan"]] * 3
    assert len({job.stages[0].digest for job in terms}) == 1
    assert len({job.stages[1].digest for job in terms}) == 3
    assert len({job.stages[0].digest for job in datasets}) == 3
    subjects = [job.stages[0].config["data"]["subjects"] for job in datasets]
    used = [{name for name, source in sources.items() if source} for sources in subjects]
    assert used == [{"aim"}, {"d646"}, {"aim", "d646"}]


def test_a_row_is_the_run_and_the_evaluation_that_the_same_choices_give_without_an_experiment(hydra):
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


def test_the_command_line_replaces_a_key_of_the_grid_and_multiplies_by_another(hydra):
    assert len(grid("pomagan/table3_terms", "train", ["seed=1,2,3"])) == 9
    lines = grid("pomagan/table3_terms", "train", ["loss=full", "seed=4"])
    assert lines == [("experiments=pomagan/table3_terms", "loss=full", "seed=4")]
    assert len(grid("pomagan/loss_grid", "train", ["loss.border.weight=0,30,100"])) == 12


def test_seeds_are_one_row_and_other_choices_are_named(hydra):
    published = read_file("pomagan/table3_terms")["published"]["rows"]
    words = ("loss=full,cgan_alpha", "seed=1,2", "loss.alpha.weight=10,100")
    rows = list(rows_of(published, made("pomagan/table3_terms", words), words))
    assert [(row.title, sorted(job.seed for job in row.jobs)) for row in rows] == [
        ("cGAN + alpha, alpha.weight=10", [1, 2]),
        ("cGAN + alpha, alpha.weight=100", [1, 2]),
        ("cGAN + perceptual + alpha", []),
        ("cGAN + perceptual + alpha + border, alpha.weight=10", [1, 2]),
        ("cGAN + perceptual + alpha + border, alpha.weight=100", [1, 2]),
    ]
    words = ("loss=segmentation,full",)
    others = [row.title for row in rows_of(published, made("pomagan/table3_terms", words), words)]
    assert others[-1] == "loss=segmentation"


def made(name, overrides):
    """Jobs of a grid without their runs."""
    lines = grid(name, "train", overrides)
    seeds = [int(dict(word.split("=", 1) for word in line).get("seed", 0)) for line in lines]
    runs = [Run("evaluate/pomagan", {}, " ".join(line), None) for line in lines]
    return [Job("train", line, seed, [], run) for line, seed, run in zip(lines, seeds, runs, strict=True)]


@pytest.mark.parametrize(
    ("at", "word"),
    [
        *((100, f"loss.border.weight={value}") for value in ("100", "100.0", "1e2")),
        *(("[alpha,fgr]", f"loss.targets={value}") for value in ("[alpha, fgr]", "['alpha',fgr]", '["alpha", "fgr"]')),
        *(("{kind:bce}", f"loss.adversarial={value}") for value in ("{kind: bce}", "{ kind:'bce' }")),
        *((True, f"net.norm={value}") for value in ("true", "True")),
        *(("none", f"net.mat.attention={value}") for value in ("none", "'none'")),
        (None, "data.subjects.aim=null"),
    ],
)
def test_a_choice_is_the_published_one_however_it_is_written(at, word):
    key = word.partition("=")[0]
    assert fits({key: at}, ["seed=1", word])
    assert not fits({key: "other"}, [word])
    assert not fits({key: at}, ["seed=1", f"other.{word}"])
    assert fits({key: at}, [f"{key}=other", f"++{word}"])


def test_two_ways_to_write_a_published_choice_are_one_row(hydra):
    words = ("loss.border.weight=100,1e2", "loss.perceptual.weight=10.0", "loss.alpha.weight=100", "seed=1,1")
    same = [replace(job, evaluation=replace(job.evaluation, digest="one")) for job in made("pomagan/loss_grid", words)]
    rows = list(rows_of(read_file("pomagan/loss_grid")["published"]["rows"], same, words))
    assert len(same) == 4
    assert [(row.title, len(row.jobs), row.left_out) for row in rows] == [
        ("cGAN + alpha", 0, True),
        ("cGAN + perceptual + alpha", 0, True),
        ("cGAN + perceptual + alpha + border", 1, False),
    ]


def test_a_system_that_the_suite_has_not_is_not_left_out(hydra):
    words = ("method=closed_form",)
    jobs = [Job("evaluate", line, 0, [], Run("", {}, "", None)) for line in grid("alphanet/table2", "evaluate", words)]
    rows = rows_of(read_file("alphanet/table2")["published"]["rows"], jobs, words)
    left_out = {row.title: row.left_out for row in rows if not row.jobs}
    assert [title for title, left in left_out.items() if not left] == ["IFM (true trimap)", "DIM (true trimap)"]
    assert "KNN (true trimap)" in left_out


def test_a_seed_given_twice_is_one_run_of_the_grid(hydra):
    found = experiment("pomagan/table1", [*QUICK, "seed=0,0"])
    assert [job.seed for job in found.jobs] == [0]
    assert [len(row.jobs) for row in found.rows if row.jobs] == [1, 1, 1]


def test_a_row_of_another_experiment_is_its_run(hydra):
    node = read_file("alphanet/table1")["published"]["rows"]["AlphaNet without attention"]
    (job,) = borrowed(node, [*QUICK, "method.max_side=99"])
    assert job.stages[-1].config["net"]["mat"]["attention"] == "none"
    assert job.evaluation.kind == "evaluate/alphanet"
    assert job.words[0] == "experiments=alphanet/attention"


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


def test_words_that_differ():
    assert differing([("a", "b"), ("a", "c")]) == {"b", "c"}
    assert differing([("a", "b")]) == set()


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
            "`matting evaluate experiments=pomagan/table1 -c ...`",
        ),
    ],
)
def test_a_wrong_verb_several_at_once_and_a_wrong_name_are_answered_in_one_line(matting, verb, words, said):
    code, out, err = matting(verb, *words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err


def test_what_is_asked():
    assert experiment_names(["seed=1"]) is None
    assert experiment_names(["experiments=null"]) is None
    assert experiment_names(["experiments=a/b,c"]) == ["a/b", "c"]
    assert experiment_names(["experiments=all"]) == NAMES
    check_command("train", ["experiments=pomagan/gan", "seed=1,2"])
    with pytest.raises(UserError):
        check_command("train", ["experiments=all"])


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


def test_a_grid_trains_evaluates_and_reports_with_a_row_that_failed(tiny, tmp_path, monkeypatch):
    """The segmentation run is made once, a failed row is named and left, the same command makes the rest."""
    words = ("experiments=pomagan/encoder", "loss.perceptual.weight=0", "trainer.max_batches=1")
    fit, made = execution.fit, []

    def failing(run, upstream):
        made.append(run.kind)
        if run.kind == "alpha_gan" and run.config["net"]["gen"]["encoder"] == "concat" and len(made) < 4:
            from matting.runs import lifecycle

            lifecycle.note(run, error="a loss is NaN")
            raise JobError("a loss is NaN")
        return fit(run, upstream)

    monkeypatch.setattr(execution, "fit", failing)
    code, out, err = tiny("train", *words)
    assert code == 4
    assert made == ["segmentation_gan", "alpha_gan", "alpha_gan"]
    assert "net.gen.encoder=concat" in err
    assert "a loss is NaN" in err

    code, out, _ = tiny("report", *words)
    assert code == 0
    assert "failed: alpha_gan: a loss is NaN" in out
    folder = tmp_path / "outputs/experiments/pomagan/encoder"
    assert {file.name for file in folder.iterdir()} == {
        "report.html",
        "rows.jsonl",
        "table.csv",
        "table.md",
        "table.tex",
    }
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    assert [row["state"] for row in rows] == ["failed: alpha_gan: a loss is NaN", "done"]
    assert [run["kind"] for run in rows[1]["runs"]] == ["segmentation_gan", "alpha_gan", "evaluate/pomagan"]
    assert (tmp_path / rows[1]["runs"][2]["folder"] / "result.json").is_file()

    code, out, _ = tiny("reproduce", *words)
    assert code == 0
    assert made[3:] == ["alpha_gan"]
    page = (folder / "report.html").read_text()
    assert "2 runs in the grid: 2 done, 0 failed" in page
    assert page.count("<img") == 2 * (2 + 2)  # two samples: image, truth, and each row's alpha
    assert (tmp_path / "outputs/experiments/index.html").is_file()
    assert out.splitlines()[-1] == "outputs/experiments/index.html"


def test_an_experiment_of_evaluations(tiny, tmp_path):
    words = ("experiments=alphanet/table2", "method=closed_form,knn")
    code, out, _ = tiny("evaluate", *words)
    assert code == 0
    assert {path.name for path in tmp_path.glob("outputs/evaluate/*")} == {"closed_form", "knn"}
    code, out, _ = tiny("report", *words)
    assert code == 0
    line = next(line for line in out.splitlines() if line.lstrip().startswith("Closed-form (true trimap)"))
    assert "4.942" in line
    assert "IFM (true trimap), DIM (true trimap)" in out
    assert "scale not comparable" in out


def test_reproduce_goes_on_past_a_failed_row_and_names_it(tiny, monkeypatch):
    def failing(config):
        seen.append(config.net.gen.encoder)
        raise MemoryError("too large")

    seen: list[str] = []
    monkeypatch.setattr(execution, "train", failing)
    code, out, err = tiny("reproduce", "experiments=pomagan/encoder")
    assert (code, seen) == (4, ["concat", "two"])
    assert "net.gen.encoder=concat" in err.splitlines()[-1]
    assert "outputs/experiments/index.html" in out
