import csv
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from omegaconf import DictConfig

from matting.commands import report
from matting.errors import UserError
from matting.experiments.recipe import RecipeRuns, recipe_runs
from matting.reports import recipe_page, write
from matting.reports.curves import curves, thinned
from matting.reports.narrative import caveats, conclusion, opening_paragraphs, row_titles, training, verdict
from matting.visualization import html
from matting.visualization.grid import GAP, TITLE
from matting.visualization.samples import SHEET_SIDE, Sample, columns, labelled, on_green, sheet_of
from tests.helpers.made_runs import ROWS, compose, figures, finish_evaluation, finish_stage

VOID = {"meta", "img", "br"}


@pytest.fixture(scope="module")
def composed() -> DictConfig:
    return compose(verb="report")


@pytest.fixture(scope="module")
def cached(composed: DictConfig) -> RecipeRuns:
    return recipe_runs(composed)


@pytest.fixture
def recipe(cached: RecipeRuns, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RecipeRuns:
    monkeypatch.chdir(tmp_path)
    return cached


@pytest.fixture(scope="module")
def written(cached: RecipeRuns, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("written"))
        finish_all(cached)
        return write.write(cached).parent.resolve()


@pytest.fixture
def done(recipe: RecipeRuns) -> RecipeRuns:
    finish_all(recipe)
    return recipe


def finish_all(recipe: RecipeRuns) -> None:
    for step in recipe.steps[:-1]:
        finish_stage(step)
    finish_evaluation(recipe.evaluation)


def a_result(**mse: float) -> dict:
    rows = {row: {"whole": figures(value)} for row, value in {**ROWS, **mse}.items()}
    sizes = {"samples": 4, "subjects": 4, "eval_size": 112, "sizes": [[64, 112], [64, 112]]}
    return {"names": {"alpha": "POMAGAN"}, "convention": "dim", "tests": {"aim": {**sizes, "rows": rows}}}


def test_missing_runs_are_named_with_the_command_that_makes_them(composed, recipe, monkeypatch):
    finish_stage(recipe.steps[0])
    monkeypatch.setattr(sys, "argv", ["matting report", "scale=quick", "data.fit=[a, b]"])
    with pytest.raises(UserError) as error:
        report.run(composed)
    text = str(error.value)
    assert str(recipe.steps[0]) not in text
    assert f"{recipe.steps[1]} (new)" in text
    assert f"{recipe.evaluation} (new)" in text
    assert "`matting reproduce scale=quick 'data.fit=[a, b]'`" in text


def test_a_failure_leaves_the_earlier_report(done, monkeypatch):
    done.folder.mkdir(parents=True)
    done.page.write_text("earlier")
    monkeypatch.setattr(recipe_page, "html", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write.write(done)
    assert done.page.read_text() == "earlier"
    monkeypatch.setattr(recipe_page, "html", lambda *_: "later")
    write.write(done)
    assert done.page.read_text() == "later"
    assert {path.name for path in done.folder.iterdir()} == {"report.html", "sheet.png", "table.csv", "table.md"}


def test_a_place_that_no_report_can_be_written_to(done):
    done.folder.parent.write_text("")
    with pytest.raises(UserError, match=r"^outputs/reports/.*Not a directory.*paths\.output_dir"):
        write.write(done)
    done.folder.parent.unlink()
    done.page.mkdir(parents=True)
    with pytest.raises(UserError, match=r"report\.html: .*Is a directory.*paths\.output_dir"):
        write.write(done)


@pytest.mark.parametrize("place", ["file", "file/x"])
def test_a_place_that_no_experiments_report_can_be_written_to(matting, tmp_path, place):
    (tmp_path / "file").write_text("")
    code, out, err = matting("report", "experiments=pomagan/table1", "scale=quick", f"paths.output_dir={place}")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"{place}/experiments/pomagan/table1: " in err
    assert "paths.output_dir" in err


@pytest.mark.parametrize("error", [PermissionError(13, "denied", "elsewhere/metrics.csv"), BrokenPipeError()])
def test_what_is_not_of_its_own_files_is_not_said_of_them(done, monkeypatch, error):
    def fails(*_):
        raise error

    monkeypatch.setattr(recipe_page, "html", fails)
    with pytest.raises(type(error)):
        write.write(done)


def test_a_folder_that_a_report_may_not_write(done, monkeypatch):
    def denied(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("matting.reports.write.write_text", denied)
    with pytest.raises(UserError, match=r"table\.csv: .*Permission denied.*paths\.output_dir"):
        write.write(done)


class Check(HTMLParser):
    """Open tags in order, and every address that a browser would fetch."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.sources += [value for name, value in attrs if name in ("src", "href", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_escaped_and_needs_nothing_from_elsewhere(written):
    text = (written / "report.html").read_text()
    check = Check(text)
    assert check.open == []
    assert len(check.sources) == 6 * 6 + 2 * 3  # samples and curves
    assert all(source.startswith("data:image/") for source in check.sources)
    assert "url(" not in text
    assert "<script" not in text
    assert "procedural/1@&lt;b&gt;" in text
    assert "procedural/1@<b>" not in text


def test_every_table_says_region_size_and_convention_and_marks_the_best_but_the_perfect_mask(written):
    text = (written / "report.html").read_text()
    captions = re.findall(r"<figcaption>(procedural, .*?)</figcaption>", text)
    size = "4 samples of 4 subjects, height x width 64x112 (longer side 112), convention dim"
    assert captions == [f"procedural, whole image: {size}", f"procedural, unknown region: {size}"]
    rows = re.findall(r"<tr><th>([^<]*)</th>(.*?)</tr>", text.split("<tbody>")[1].split("</tbody>")[0])
    assert [title for title, _ in rows] == [
        "best constant",
        "coarse map as alpha, random VGG",
        "POMAGAN, random VGG",
        "perfect binary mask",
    ]
    assert [cells.count("<b>") for _, cells in rows] == [0, 0, 5, 0]
    assert "<b>20</b>" in rows[2][1]


def test_published_figures_stand_beside_the_test_set_of_their_name_only(cached):
    recipe, titles = cached.recipe, row_titles(a_result(), [])
    assert titles["alpha"] == "POMAGAN"
    beside = recipe_page.table("aim", "whole", a_result(), titles, recipe["published"])
    assert "1024x1024" in beside
    assert re.search(
        r"<th>POMAGAN \(image\)</th><td>1.93</td><td>7.8</td><td>8.18</td><td>6130</td><td>9150</td>", beside
    )
    other = {**a_result(), "tests": {"procedural": a_result()["tests"]["aim"]}}
    assert "published" not in recipe_page.table("procedural", "whole", other, titles, recipe["published"])
    elsewhere = {**recipe["published"], "region": "unknown"}
    assert "published" not in recipe_page.table("aim", "whole", a_result(), titles, elsewhere)


def test_tables_hold_raw_figures_as_csv_and_the_papers_units_as_markdown(written):
    rows = list(csv.DictReader((written / "table.csv").open()))
    assert len(rows) == 4 * 2
    alpha = next(row for row in rows if row["row"] == "alpha" and row["region"] == "unknown")
    assert (float(alpha["mse"]), float(alpha["sad"]), alpha["size"]) == (0.02, 200.0, "64x112")
    lines = (written / "table.md").read_text().splitlines()
    assert "| POMAGAN, random VGG | 20 | 40 | 0.2 | 200 | 200 |" in lines
    assert lines[2] == "|  | MSE x1e3 | MAE x1e3 | SAD /1000 | Grad | Conn |"


def test_the_story_is_told_from_the_facts(done):
    finish_stage(done.steps[1], starts=["1", "2"], skipped=["a damaged.png"])
    assert " since the last of" not in " ".join(training(done.steps[0]))
    text = " ".join(opening_paragraphs(done.evaluation, done.steps[:-1]))
    assert "Scale quick, data procedural, seed 0." in text
    assert "segmentation_gan: 90 batches of 8 (720 samples, height x width 64x112) from 184 subjects" in text
    assert "12 s on cpu, precision 32-true; kept are the weights of batch 80, the best of validation." in text
    assert "12 s since the last of 2 starts on cpu" in text
    assert "alpha_gan passed over 1 damaged file." in text
    assert "90 batches more" in text
    assert "POMAGAN does not beat the perfect binary mask" in text
    assert "On procedural, unknown region, POMAGAN is better" in text


def test_random_vgg_and_missing_lists_are_said_only_where_they_are_so(done):
    config, stages = done.evaluation.config, done.steps[:-1]
    assert list(caveats(config, stages)) == [
        "Perceptual loss with random VGG in segmentation_gan and alpha_gan: its weights were drawn, not trained."
    ]
    trained = {"perceptual": {"weight": 10, "weights": "imagenet"}}
    off = {"perceptual": {"weight": 0, "weights": "none"}}
    others = [
        replace(stage, config={"stage": {"upstream": {}}, "net": {}, "loss": loss})
        for stage, loss in zip(stages, (trained, off), strict=True)
    ]
    assert list(caveats(config, others)) == []
    files = {"subjects": {"mine": {"_target_": "x", "list_file": None}}, "test": {"aim": None}}
    assert list(caveats({"data": files}, [])) == ["All subjects used: no people-only list given."]
    files["subjects"]["mine"]["list_file"] = "people.txt"
    assert list(caveats({"data": files}, [])) == []


def test_the_verdict_counts_metrics_against_each_other_row():
    assert verdict("aim", "whole", a_result()) == (
        "On aim, whole image, POMAGAN is better than the best constant on 5, than the coarse map as alpha on 5, "
        "than the perfect binary mask on 0 of 5 metrics (MSE x1e3 20 against the mask's 4)."
    )
    assert "than the coarse map as alpha on 0, " in verdict("aim", "whole", a_result(alpha=0.05))


def test_the_conclusion_follows_the_perfect_mask():
    empty = {"rows": {row: {"unknown": {"mse": None}} for row in ("alpha", "perfect_mask")}}
    tests = {"aim": a_result()["tests"]["aim"], "pm85": a_result(alpha=0.003)["tests"]["aim"], "d646": empty}
    assert list(conclusion({**a_result(), "tests": tests})) == [
        "POMAGAN beats the perfect binary mask by MSE on pm85 (whole image): it gains at soft edges.",
        "POMAGAN does not beat the perfect binary mask by MSE on aim (whole image): there it segments, so far.",
    ]


def test_curves_leave_out_a_panel_without_rows_and_average_long_series(done):
    stage = done.steps[0]
    titles = [title for title, _ in curves(stage)]
    assert titles == [
        "loss terms, raw",
        "discriminator's mean probability of real",
        "validation MSE x1e3, whole image",
    ]
    file = stage.folder / "metrics.csv"
    file.write_text("".join(line for line in file.read_text().splitlines(True) if "adv/" not in line))
    assert [title for title, _ in curves(stage)] == [titles[0], titles[2]]
    batches, values = thinned([(i, float(i % 2)) for i in range(8000)])
    assert len(batches) == len(values) == 400
    np.testing.assert_allclose(values, 0.5)


def test_the_cut_out_on_green_drops_the_old_background():
    alpha = np.zeros((32, 48), np.uint8)
    alpha[:, 16:32] = np.linspace(0, 255, 16)
    alpha[:, 32:] = 255
    share = alpha[..., None] / 255
    image = np.rint(share * (200, 0, 0) + (1 - share) * (0, 0, 250)).astype(np.uint8)
    found = on_green(image, alpha).astype(float)
    wanted = share * (200, 0, 0) + (1 - share) * (0, 177, 64)
    assert np.abs(found - wanted).max() < 25
    assert np.abs(image * share + (1 - share) * (0, 177, 64) - wanted).max() > 50


def test_error_is_brighter_where_alpha_is_worse():
    truth = np.zeros((8, 8), np.uint8)
    alpha = truth.copy()
    alpha[:, 4:] = 90
    alpha[4:, 4:] = 255
    error = columns(np.zeros((8, 8, 3), np.uint8), {"alpha": alpha, "truth": truth})["error"].astype(int).sum(-1)
    assert error[0, 0] < error[0, 7] < error[7, 7]


def test_the_sheet_shows_first_and_worst_within_2000_pixels():
    plane = np.full((60, 100, 3), 255, np.uint8)
    names = ("image", "coarse", "alpha", "truth", "error", "on green")
    samples = [
        Sample("aim", kind, "x", 0.1, dict.fromkeys(names, plane)) for kind in ("first", "best", "worst", "worst")
    ]
    three, four = sheet_of([s for s in samples if s.kind != "first"] + samples[:1]), sheet_of([*samples, samples[0]])
    assert three.shape[1] == 6 * (SHEET_SIDE + GAP) - GAP <= 2000
    row = round(SHEET_SIDE * 0.6) + GAP
    assert (three.shape[0], four.shape[0]) == (TITLE + 3 * row, TITLE + 4 * row)


@pytest.mark.parametrize(("width", "lines"), [(48, 2), (69, 2), (72, 2), (100, 2), (240, 1)])
def test_a_label_stays_within_a_narrow_picture(width, lines):
    cell = labelled(np.full((SHEET_SIDE, width, 3), 99, np.uint8), ["worst", "MSE 379e-3"])
    band = cell[-18 * lines :]
    assert (cell[: -18 * lines] == 99).all()
    assert band.max() > 128
    assert (band[:, -3:] == 33).all()


def test_a_large_picture_is_webp_and_a_small_one_png():
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    assert 'src="data:image/webp' in html.picture(noise, "noise")
    assert 'src="data:image/png' in html.picture(cv2.blur(noise, (199, 199)), "gray")
