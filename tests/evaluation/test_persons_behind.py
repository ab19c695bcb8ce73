"""Figures with and without the backgrounds that show people."""

import pytest

from matting.data.images import write_image
from matting.evaluation.persons_behind import no_person_behind
from matting.metrics.functional import NAMES
from matting.reports.recipe_report import result_tables
from tests.helpers.trees import VOC, scene


@pytest.fixture
def config(tmp_path):
    """Of a test set on two images of VOC, of which one shows a person."""
    for id, name in (("crowd", "person"), ("sea", "boat")):
        write_image(tmp_path / VOC / "JPEGImages" / f"{id}.jpg", scene(1))
        (tmp_path / VOC / "Annotations").mkdir(exist_ok=True)
        (tmp_path / VOC / "Annotations" / f"{id}.xml").write_text(
            f"<annotation><object><name>{name}</name></object></annotation>"
        )
    node = {"_target_": "matting.data.sources.voc.VocBackgrounds", "root": VOC, "exclude_persons": False}
    return {"paths": {"data_root": str(tmp_path)}, "data": {"test": {"aim": {"backgrounds": node}}}}


def rows():
    figures = {"crowd": 0.3, "sea": 0.1}
    return [
        {"id": f"aim/1@aim/{id}", "row": "alpha", "region": "whole", "height": 4, "width": 4}
        | dict.fromkeys(NAMES, mse)
        for id, mse in figures.items()
    ]


def test_figures_without_the_backgrounds_that_show_people(config):
    found = no_person_behind(rows(), config, "aim")["no_person_behind"]
    assert found["samples"] == 1
    assert found["rows"]["alpha"]["whole"]["mse"] == 0.1


@pytest.mark.parametrize("left_out", [True, None])
def test_nothing_where_they_are_left_out_or_there_are_none(config, left_out):
    node = config["data"]["test"]["aim"]
    node["backgrounds"] = left_out and {**node["backgrounds"], "exclude_persons": True}
    assert no_person_behind(rows(), config, "aim") == {}


def test_the_report_has_rows_with_and_without_them(config):
    means = dict.fromkeys((*NAMES, "grad_px", "conn_px"), 0.2) | {"n_empty": 0}
    test = {"samples": 2, "subjects": 1, "eval_size": "native", "sizes": [[4, 4], [4, 4]]}
    test |= {"rows": {"alpha": {"whole": means}}, **no_person_behind(rows(), config, "aim")}
    published = {"units": "pomagan", "tests": {}, "region": "whole", "source": "", "conditions": ""}
    result = {"tests": {"aim": test}, "convention": "dim"}
    (table,) = result_tables(result, {"alpha": "POMAGAN"}, published)
    assert [line[1] for line in table.lines] == ["200", "100"]
