"""The report of a recipe: tables in two forms, bold figures, published rows."""

import csv
import re

from matting.reports.narrative import row_titles
from matting.reports.recipe_report import best_cells, result_tables
from tests.helpers.made_runs import a_result


def test_tables_say_region_size_and_convention_and_mark_the_best_row(written):
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


def test_published_figures_stand_beside_the_test_set_of_their_name_only(composed_recipe):
    published, titles = composed_recipe.recipe["published"], row_titles(a_result(), [])
    assert titles["alpha"] == "POMAGAN"
    (table,) = result_tables(a_result(), titles, published)
    assert "1024x1024" in table.source
    assert ["POMAGAN (image)", "1.93", "7.8", "8.18", "6130", "9150"] in table.published
    other = {**a_result(), "tests": {"procedural": a_result()["tests"]["aim"]}}
    assert [table.published for table in result_tables(other, titles, published)] == [[]]
    elsewhere = {**published, "region": "unknown"}
    assert [table.published for table in result_tables(a_result(), titles, elsewhere)] == [[]]


def test_the_best_figure_of_a_column_is_not_the_perfect_masks():
    rows = {"a": {"x": 2.0, "y": None}, "b": {"x": 1.0, "y": None}, "perfect_mask": {"x": 0.0, "y": None}}
    assert best_cells(rows, ("x", "y")) == {(1, 1)}
    assert best_cells({"a": {"x": 1.0}, "b": {"x": 1.0}}, ("x",)) == {(0, 1), (1, 1)}


def test_samples_of_an_empty_region_are_noted():
    result = a_result()
    result["tests"]["aim"]["rows"]["alpha"]["whole"]["n_empty"] = 3
    published = {"units": "alphanet", "region": "whole", "tests": {}, "source": "", "conditions": ""}
    for row in result["tests"]["aim"]["rows"].values():
        row["whole"] |= {"grad_px": 0.1, "conn_px": 0.2}
    (table,) = result_tables(result, row_titles(result, []), published)
    assert table.notes[0].startswith("3 samples")
    assert "not comparable" in table.notes[1]


def test_tables_hold_raw_figures_as_csv_and_the_papers_units_as_markdown(written):
    rows = list(csv.DictReader((written / "table.csv").open()))
    assert len(rows) == 4 * 2
    alpha = next(row for row in rows if row["row"] == "alpha" and row["region"] == "unknown")
    assert (float(alpha["mse"]), float(alpha["sad"]), alpha["size"]) == (0.02, 200.0, "64x112")
    lines = (written / "table.md").read_text().splitlines()
    assert "| POMAGAN, random VGG | 20 | 40 | 0.2 | 200 | 200 |" in lines
    assert lines[2] == "|  | MSE x1e3 | MAE x1e3 | SAD /1000 | Grad | Conn |"
