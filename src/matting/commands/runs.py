"""matting runs: list the run folders, show, compare and open runs, and delete those of a state, kind or name."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from matting.errors import UserError
from matting.runs.listing import Entry, entry_of, in_order, table
from matting.runs.lookup import find_folder
from matting.runs.run import Run, run_folders
from matting.utils.console import say

STATES = ("new", "done", "running", "resume", "failed", "damaged", "other version")
FILTERS = ("state", "kind", "match")
ACTIONS = ("list", "show", "compare", "open")


def run(config: DictConfig) -> None:
    """Do what `action` says with the runs of the output folder. Raise UserError for an unknown word or run."""
    if config.state is not None and config.state not in STATES:
        raise UserError(f"state={config.state}: no such state; expected one of {', '.join(STATES)}")
    if not isinstance(config.plan, bool):
        raise UserError(f"plan={config.plan}: expected one of true, false")
    if config.action not in ACTIONS:
        raise UserError(f"{config.action}: no such action; expected {', '.join(ACTIONS)}, or key=value")
    output_dir = Path(config.paths.output_dir)
    if config.action == "list":
        list_runs(config, output_dir)
        return
    least = 2 if config.action == "compare" else 1
    ids = list(dict.fromkeys(map(str, config.ids)))
    if len(ids) < least or (len(ids) > 1 and config.action != "compare"):
        asked = "two or more" if config.action == "compare" else "one"
        raise UserError(
            f"{config.action}: expected {asked} of the ids that `matting runs` lists, got {len(ids) or 'none'}"
        )
    act(config.action, [find_folder(id, output_dir) for id in ids], output_dir)


def act(action: str, folders: Sequence[Path], output_dir: Path) -> None:
    """Show, compare or open the runs of some folders."""
    if action == "compare":
        from matting.runs.details import compare_text

        say(compare_text([entry_of(folder, output_dir) for folder in folders]))
    elif action == "show":
        from matting.runs.details import show_text

        say(show_text(entry_of(folders[0], output_dir), readable(output_dir), output_dir))
    else:
        from matting.runs.opening import open_page, page_of

        page = page_of(folders[0], readable(output_dir), output_dir)
        say(str(page))
        open_page(page)


def readable(output_dir: Path) -> list[Run]:
    """Return all runs of an output folder that can be read."""
    found = [entry_of(folder, output_dir).run for folder in run_folders(output_dir)]
    return [run for run in found if run is not None]


def list_runs(config: DictConfig, output_dir: Path) -> None:
    """Print the runs that the config asks for; with `prune=true` delete them."""
    if config.prune:
        from matting.runs.pruning import check_filter, prune, show_pruning

        check_filter({key: config[key] for key in FILTERS})
    entries = in_order([entry_of(folder, output_dir) for folder in run_folders(output_dir)], str(config.sort))
    if not entries:
        say(f"no runs in {output_dir}")
        return
    chosen = [entry for entry in entries if matches(entry, config)]
    if not chosen:
        say(f"{output_dir}: no run has this state, kind and name, of {len(entries)} there")
        return
    say(table(chosen))
    if config.prune:
        others = [entry for entry in entries if entry not in chosen]
        (show_pruning if config.plan else prune)(chosen, others, output_dir)


def matches(entry: Entry, config: DictConfig) -> bool:
    """Return whether an entry has the state, the kind and the part of a name that the config asks for."""
    return (
        config.state in (None, entry.state)
        and config.kind in (None, entry.kind)
        and (config.match is None or str(config.match) in entry.folder.name)
    )
