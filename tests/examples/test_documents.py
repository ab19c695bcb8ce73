"""README, CONTRIBUTING and docs: each command works as a plan, each link leads somewhere."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
WITHOUT_PLAN = ("runs", "report", "dashboard")


def commands(text):
    """Every command `matting VERB ...` of the fenced shell blocks, split into words."""
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["matting"]:
                yield tuple(words[1:])


COMMANDS = sorted({words for page in PAGES for words in commands(page.read_text())})


def planned(words):
    """The same command with nothing trained, sent or launched: a plan under Ray waits for its GPUs as a job does."""
    words = tuple(word for word in words if not word.startswith(("hydra/launcher=", "hydra.launcher.")))
    if not words or "--help" in words or words[0] == "runs":
        return words
    if words[0] == "dashboard":
        return (*words, "dry_run=true")
    return words if words[0] in WITHOUT_PLAN or "plan=true" in words else (*words, "plan=true")


@pytest.mark.slow
@pytest.mark.parametrize("words", [words for words in COMMANDS if "hydra/sweeper=optuna" not in words], ids=" ".join)
def test_a_command_of_the_documents_works(matting, words, tmp_path):
    for file in re.findall(r"=(weights/\S+)", " ".join(words)):  # a plan reads it: its content is part of the hash
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(b"weights")
    code, out, err = matting(*planned(words))
    if words[:1] == ("report",):  # of runs that are not here
        assert (code, err.count("\n")) == (2, 1)
        return
    assert out
    if any(word.startswith("paths.data_root=") for word in words) and "plan=true" in planned(words):
        assert (code, err.count("\n")) == (2, 1)  # the plan looks for the data, which are not here
        assert "no such" in err
    else:
        assert code == 0, err


def test_commands_are_found():
    assert {words[0] for words in COMMANDS if words} >= {"train", "evaluate", "predict", "reproduce", "report", "runs"}


def heading_anchor(line):
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            lines = target.read_text().splitlines()
            assert anchor in {heading_anchor(line) for line in lines if line.startswith("#")}, link


def test_the_architecture_has_the_floors_of_the_import_contract():
    text, picture = ((ROOT / "docs" / name).read_text() for name in ("architecture.md", "architecture.svg"))
    contract = (ROOT / ".importlinter").read_text().split("layers =\n")[1].split("\n\n")[0]
    floors = [line.split(" | ") for line in map(str.strip, contract.splitlines())]
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)
    assert rows == [(str(len(floors) - i), name) for i, floor in enumerate(floors) for name in floor]
    assert re.findall(r'class="name" [^>]*>(\w+)<', picture)[: len(rows)] == [name for _, name in rows]


def test_the_architecture_names_modules_that_exist():
    source = ROOT / "src/matting"
    named = re.findall(r"`(\w+)\.(\w+)`", (ROOT / "docs/architecture.md").read_text())
    modules = [(package, module) for package, module in named if module not in ("csv", "json")]
    assert modules
    for package, module in modules:
        assert (source / package / f"{module}.py").exists() or (source / package / module).is_dir(), (package, module)
