"""The verb dashboard: what it would send, without network, account or torch; what it says where it cannot."""

import json
import socket
import sys

import pytest
import wandb

from matting import reports
from matting.cli.arguments import parse
from matting.commands import dashboard
from matting.config import schema
from matting.errors import UserError
from matting.experiments.comparison import compare
from matting.experiments.experiment import Row
from matting.experiments.grid import grid
from matting.experiments.jobs import job_of
from matting.reports.wandb_dashboard import Dashboard, bars_of, chart
from tests.helpers.made_experiments import made_experiment, made_job
from tests.helpers.wandb_log import alone_in, offline_runs

WORDS = ["experiments=pomagan/table3_terms", "scale=quick", "seed=0,1"]


@pytest.fixture(autouse=True)
def alone(tmp_path_factory, tmp_path, monkeypatch):
    alone_in(tmp_path_factory.mktemp("home"), monkeypatch)
    monkeypatch.chdir(tmp_path)
    schema.register()
    yield
    wandb.teardown()


def run(words):
    """The verb with the words of its command line."""
    line = parse("dashboard", words)
    dashboard.run_experiments(line.experiments, line.other_overrides)


@pytest.fixture
def printed(monkeypatch, capsys):
    """What `dry_run=true` prints for WORDS, read back; the network is not there."""

    def unreachable(*arguments):
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    run([*WORDS, "dry_run=true", "logger.wandb.project=hair"])
    return json.loads(capsys.readouterr().out)["pomagan/table3_terms"]


def panels_of(printed):
    sections = printed["workspace"]["spec"]["section"]["panelBankConfig"]["sections"]
    return {section["name"]: section["panels"] for section in sections}


def test_a_workspace_has_losses_validation_bars_grid_and_pictures(printed):
    assert printed["workspace"]["project"] == "hair"
    panels = panels_of(printed)
    losses = [panel["config"]["metrics"] for panel in panels["Loss terms, raw"]]
    terms = {f"train/loss/{term}" for term in ("adversarial", "perceptual", "segmentation", "border", "alpha")}
    assert {metric for metrics in losses[:-1] for metric in metrics} == terms
    assert losses[-1] == ["train/adv/d_real", "train/adv/d_fake"]
    assert {panel["config"]["xAxis"] for name in ("Loss terms, raw", "Validation") for panel in panels[name]} == {
        "batch"
    }
    assert panels["Validation"][0]["config"]["metrics"] == ["val/whole/mse"]
    (parallel,) = panels["Grid"]
    columns = [column["accessor"] for column in parallel["config"]["columns"]]
    assert columns == ["config:loss.value.name", "config:seed.value", "summary:val/whole/mse.min"]
    shown = [panel["config"]["mediaKeys"] for panel in panels["Validation samples"] + panels["Test samples"]]
    assert shown == [["pictures/validation"], ["pictures/procedural"]]


def test_a_workspace_shows_the_experiments_runs_by_their_digests(printed):
    jobs = [job_of("train", words) for words in grid("pomagan/table3_terms", "train", WORDS[1:])]
    digests = {run.digest for job in jobs for run in (*job.stages, job.evaluation)}
    (runset,) = printed["workspace"]["spec"]["section"]["runSets"]
    (chosen,) = runset["filters"]["filters"]
    assert (chosen["key"], chosen["op"]) == ({"section": "run", "name": "name"}, "IN")
    assert set(chosen["value"]) >= digests
    assert len(set(chosen["value"]) - digests) == 1  # the run of the bars


def test_a_report_has_the_published_table_and_the_same_panels(printed):
    blocks = printed["report"]["spec"]["blocks"]
    text = " ".join(block.get("content", "") for block in blocks)
    assert "matting train experiments=pomagan/table3_terms scale=quick seed=0,1" in text
    for figure in ("8.16", "4.4", "1.93"):
        assert figure in text
    titles = [block["children"][0]["text"] for block in blocks if block["type"] == "heading"]
    assert titles == list(panels_of(printed))
    assert [line[1] for bars in printed["bars"] for line in bars["lines"]] == [8.16, 4.40, 1.93]


def test_an_experiment_of_evaluations_has_no_training(capsys):
    run(["experiments=alphanet/table2", "scale=quick", "method=closed_form,knn", "dry_run=true"])
    panels = panels_of(json.loads(capsys.readouterr().out)["alphanet/table2"])
    assert "Loss terms, raw" not in panels
    (parallel,) = panels["Grid"]
    columns = [column["accessor"] for column in parallel["config"]["columns"]]
    assert columns == ["config:method.value.name", "summary:test/procedural/whole/mse"]


@pytest.fixture
def measured(tmp_path):
    first = made_job(tmp_path / "a", mse=[0.004, 0.006])
    rows = [
        Row("terms", (first,), figures={"aim": [8.16, 9.0]}),
        Row("all terms", (made_job(tmp_path / "b", mse=[0.001, 0.003]),), figures={"aim": [1.93, 4.0]}),
        Row("another system", (), figures={"aim": [0.4, 3.98]}),
        Row("", (first,), part="perfect_mask", control=True),
    ]
    return made_experiment(*rows)


def test_bars_stand_beside_the_published_ones_in_their_units(measured):
    errors, sums = bars_of(measured, compare(measured))
    assert (errors.key, errors.title) == ("bars/aim/mse", "aim: MSE x1e3")
    assert dict(errors.lines) == pytest.approx(
        {
            "terms": 5.0,
            "terms, published on aim": 8.16,
            "all terms": 2.0,
            "all terms, published on aim": 1.93,
            "another system, published on aim": 0.4,
            "perfect binary mask": 4.0,
        }
    )
    assert dict(sums.lines)["terms, published on aim"] == 9.0


def test_the_bars_are_a_run_whose_tables_the_charts_name(measured, tmp_path):
    made = Dashboard(measured, compare(measured), "hair", "")
    made.log_bars("offline")
    made.log_bars("offline")
    found, again = offline_runs(tmp_path)
    assert (found.run.run_id, found.run.job_type, found.run.run_group) == (made.id, "comparison", "pomagan/made")
    assert again.run.run_id == made.id
    assert found.exit == 0
    for bars in bars_of(measured, made.comparisons):
        table = found.summary[chart(bars).query["summaryTable"]["tableKey"]]
        written = json.loads((found.folder / "files" / table["path"]).read_text())
        assert written["data"] == [list(line) for line in bars.lines]
        assert {*chart(bars).chart_fields.values()} == {*written["columns"]}


def test_saving_gives_the_addresses(monkeypatch, capsys):
    monkeypatch.setattr(dashboard, "has_key", lambda: True)
    logged = []
    monkeypatch.setattr(Dashboard, "log_bars", lambda self, mode: logged.append((self.entity, mode)))
    for kind in ("workspaces.Workspace", "reports.Report"):
        monkeypatch.setattr(f"matting.reports.wandb_dashboard.{kind}.save", lambda self: self)
        address = property(lambda self: f"https://wandb.example/{self.entity}/{type(self).__name__}")
        monkeypatch.setattr(f"matting.reports.wandb_dashboard.{kind}.url", address)
    run([*WORDS, "logger.wandb.entity=team"])
    assert logged == [("team", "online")]
    addresses = ["https://wandb.example/team/Workspace", "https://wandb.example/team/Report"]
    assert capsys.readouterr().out.splitlines() == addresses


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (WORDS, "WANDB_API_KEY.*dry_run=true"),
        ([], "experiments=<name>"),
        (["experiments=nonsense", "dry_run=true"], "experiments=nonsense"),
        ([*WORDS, "dry_run=true", "logger=csv"], "logger=wandb"),
    ],
)
def test_what_is_missing_is_said_in_one_line(words, said):
    with pytest.raises(UserError, match=said) as error:
        run(words)
    assert "\n" not in str(error.value)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("wandb_workspaces")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "wandb_workspaces", None)
    monkeypatch.delitem(sys.modules, "matting.reports.wandb_dashboard")
    monkeypatch.delattr(reports, "wandb_dashboard")
    with pytest.raises(UserError, match=r"pip install .*matting\[dashboards\]"):
        run([*WORDS, "dry_run=true"])


def test_the_verb_is_there(matting):
    code, out, _ = matting("dashboard", "--help")
    assert code == 0
    assert {"dry_run=false", "experiments=null"} <= {line.split()[0] for line in out.splitlines() if line.strip()}
    code, _, err = matting("dashboard")
    assert (code, len(err.splitlines())) == (2, 1)
