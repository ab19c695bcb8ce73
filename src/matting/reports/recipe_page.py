"""The HTML page of a report: one file, pictures inside, no script, nothing from elsewhere. No torch."""

from collections.abc import Mapping
from html import escape
from itertools import groupby
from typing import Any

from matting.metrics.units import NOT_COMPARABLE, UNITS, headings, region_title, scaled, size_text
from matting.reports.curves import curves
from matting.reports.narrative import opening_paragraphs, row_titles
from matting.runs.run import Run
from matting.utils.home_paths import abbreviate_home
from matting.visualization.html import PAGE, STYLE, figure, heads, image, picture
from matting.visualization.samples import Sample


def html(recipe: Mapping[str, Any], evaluation: Run, stages: list[Run], samples: list[Sample]) -> str:
    """The page of a recipe's node, its done evaluation, the stages' runs in order and the sample pictures."""
    result = evaluation.result()
    assert result is not None
    title = f"{recipe['title']}, scale {evaluation.config['scale']['name']}, data {evaluation.config['data']['name']}"
    body = [
        *(f"<p>{escape(paragraph)}</p>" for paragraph in opening_paragraphs(evaluation, stages)),
        "<h2>Figures</h2>",
    ]
    titles, published = row_titles(result, stages), recipe["published"]
    for name, test in result["tests"].items():
        body += [table(name, region, result, titles, published) for region in test["rows"]["alpha"]]
    body.append("<h2>Training</h2>")
    for stage in stages:
        panels = [figure(image(svg, "image/svg+xml", f"{stage.kind}: {panel}"), panel) for panel, svg in curves(stage)]
        body.append(f"<h3>{escape(stage.kind)}</h3><div class=curves>{''.join(panels)}</div>")
    body.append(
        "<h2>Samples</h2><p>Error is the absolute difference of alpha and truth, brighter is worse. The cut-out on "
        "green has estimated foreground colours.</p>"
    )
    for (test, kind), group in groupby(samples, lambda sample: (sample.test, sample.kind)):
        body += [f"<h3>{escape(test)}: {escape(kind)}</h3>", *map(sample_row, group)]
    body += ["<h2>Runs</h2>", runs_table([*stages, evaluation])]
    return PAGE.format(title=escape(title), style=STYLE, body="\n".join(body))


def table(
    name: str,
    region: str,
    result: Mapping[str, Any],
    titles: Mapping[str, str],
    published: Mapping[str, Any],
) -> str:
    """A test set's rows in one region; the best of each column, the perfect mask apart, is bold."""
    test = result["tests"][name]
    rows = {row: test["rows"][row][region] for row in titles}
    best, metrics = {}, UNITS[published["units"]]
    for metric in metrics:
        figures = [rows[row][metric] for row in rows if row != "perfect_mask" and rows[row][metric] is not None]
        best[metric] = min(figures, default=None)
    lines = []
    for row, values in rows.items():
        cells = []
        for metric, text in zip(metrics, scaled(values, published["units"]), strict=True):
            bold = row != "perfect_mask" and values[metric] is not None and values[metric] == best[metric]
            cells.append(f"<td>{f'<b>{text}</b>' if bold else text}</td>")
        lines.append(f"<tr><th>{escape(titles[row])}</th>{''.join(cells)}</tr>")
    empty = rows["alpha"]["n_empty"]
    caption = f"{name}, {region_title(region)}: {size_text(test)}, convention {result['convention']}"
    caption += f"; {empty} with an empty region are in no mean" if empty else ""
    caption += f"; {note}" if (note := NOT_COMPARABLE.get(published["units"])) else ""
    beside = published_rows(name, published) if region == published["region"] else ""
    head = f"<thead><tr><th></th>{heads(headings(published['units']))}</tr></thead>"
    return (
        f"<figure><figcaption>{escape(caption)}</figcaption><div class=wide><table>"
        f"{head}<tbody>{''.join(lines)}</tbody>{beside}</table></div></figure>"
    )


def published_rows(name: str, published: Mapping[str, Any]) -> str:
    """The paper's rows for a test set, marked with where and how they were measured; nothing if it has none."""
    figures = published["tests"].get(name, published["tests"].get("*"))
    if figures is None:
        return ""
    columns, note = len(headings(published["units"])) + 1, f"{published['source']}: {published['conditions']}"
    lines = [f"<tr><th class=note colspan={columns}>{escape(note)}</th></tr>"]
    for method, row in figures.items():
        cells = "".join(
            f"<td>{figure:.4g}</td>" if figure < 1000 else f"<td>{figure:.0f}</td>" for figure in row["figures"]
        )
        lines.append(f"<tr><th>{escape(method)} ({escape(row['input'])})</th>{cells}</tr>")
    return f"<tbody class=published>{''.join(lines)}</tbody>"


def sample_row(sample: Sample) -> str:
    pictures = [figure(picture(plane, f"{title} of {sample.id}"), title) for title, plane in sample.planes.items()]
    note = f"{sample.id}, MSE {1e3 * sample.mse:.3g}e-3"
    return f"<section><div class=row>{''.join(pictures)}</div><p class=note>{escape(note)}</p></section>"


def runs_table(runs: list[Run]) -> str:
    """Where everything lies and what made it."""
    lines = []
    for run in runs:
        facts = run.manifest
        revision = facts["git"]["revision"][:12] + (" with changes" if facts["git"]["dirty"] else "")
        cells = (
            abbreviate_home(str(run)),
            run.digest,
            facts["command"],
            revision,
            facts["started"].removesuffix("+00:00").replace("T", " "),
            f"{facts['seconds']:.0f}",
        )
        lines.append(f"<tr><th>{escape(run.kind)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    titles = ["folder", "digest", "command", "revision", "started (UTC)", "seconds"]
    head = f"<thead><tr><th></th>{heads(titles)}</tr></thead>"
    return f"<div class=wide><table class=text>{head}<tbody>{''.join(lines)}</tbody></table></div>"
