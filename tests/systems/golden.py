"""Hold the networks, losses and solvers of the compared systems to golden values of the official code.

    python -m tests.systems.golden FOLDER [--seed SEED]

FOLDER has `*.npz`, `sizes.json`, `calibration.json` and `losses.json`; lists of keys and `fill.py` are this folder's.
One line a case: mean and 99 % difference, and the tolerance. The exit code is 1 if a case is beyond it.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch

from matting.methods import information_flow
from matting.ops import flows
from matting.ops.trimming import trimmed_by_edges, trimmed_by_patches
from tests.systems import fill
from tests.systems.golden_files import Case, Golden
from tests.systems.golden_losses import loss_values
from tests.systems.golden_networks import bgm_v2_cases, dim_cases, dim_skip_cases, fba_cases, lfm_cases, modnet_cases


def ifm_cases(golden: Golden) -> Iterator[Case]:
    case, values = partial(Case, mean=1e-5, most=1e-4), golden.arrays("ifm")
    for name in (key.removesuffix("_trimap") for key in values if key.endswith("_trimap")):
        image, levels = values[f"{name}_image"] / 255, values[f"{name}_trimap"]
        trimap = np.where(levels > 0.8 * 255, 1.0, np.where(levels < 0.2 * 255, 0.0, 0.5))
        unknown = trimap == 0.5
        transparent = information_flow.highly_transparent(image, trimap)
        yield case(f"ifm {name} transparent", np.array(transparent), values[f"{name}_highly_transparent"])
        for cut, ours in (("edge", trimmed_by_edges(image, trimap)), ("patch", trimmed_by_patches(image, trimap))):
            # The golden maps have 128/255 in the unknown region; a thousandth of the pixels may differ.
            true = values[f"{name}_{cut}_trimmed"]
            other = np.abs(ours - true) > 0.01
            yield Case(f"ifm {name} trimmed by {cut}", np.array(other.mean()), np.array(0.0), 1e-3, 1e-3)
        mixture = flows.laplacian(flows.colour_mixture(image, unknown))
        diagonals = {
            "cm": mixture.multiply(mixture).sum(0),
            "local": flows.laplacian(flows.local_affinity(image, unknown)).diagonal(),
            "iu": flows.laplacian(flows.inside_unknown(image, unknown)).diagonal(),
        }
        for short, ours in diagonals.items():
            yield case(f"ifm {name} diagonal {short}", ours.reshape(trimap.shape), values[f"{name}_diag_{short}"])
        variants = (
            ("ku", "known_to_unknown", False),
            ("noku", "without", False),
            ("ku_trim", "known_to_unknown", True),
        )
        for short, variant, trim in variants:
            alpha = information_flow.information_flow(image, trimap, variant, trim)
            yield case(f"ifm {name} alpha {short}", alpha, values[f"{name}_alpha_{short}"])


def loss_cases(golden: Golden) -> Iterator[Case]:
    values = json.loads((golden.folder / "losses.json").read_text())
    scene = {name: torch.from_numpy(value)[None] for name, value in fill.losses_case(golden.seed).items()}
    for (system, name), ours in loss_values(scene).items():
        if name not in values[system]:
            continue
        true = np.asarray(values[system][name])
        most = 1e-5 * np.abs(true).max()
        yield Case(f"losses {system} {name}", np.asarray(ours, np.float64).reshape(true.shape), true, most, most)


SYSTEMS: dict[str, Callable[[Golden], Iterator[Case]]] = {
    "modnet": modnet_cases,
    "bgm_v2": bgm_v2_cases,
    "fba": fba_cases,
    "dim": dim_cases,
    "dim_skip": dim_skip_cases,
    "lfm": lfm_cases,
    "ifm": ifm_cases,
    "losses": loss_cases,
}


@torch.no_grad()
def cases(golden: Golden, system: str) -> list[Case]:
    return list(SYSTEMS[system](golden))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.systems.golden", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", help="of the golden values; default: the one that sizes.json names")
    given = parser.parse_args(arguments)
    golden, wrong = Golden(given.folder, given.seed), 0
    for system in SYSTEMS:
        for case in cases(golden, system):
            mean, most = case.differences if case.ours.shape == case.golden.shape else (np.nan, np.nan)
            limits = f"(at most {case.mean:.1e}, {case.most:.1e})"
            print(
                f"{'ok ' if case.right else 'BAD'} {case.name:45} mean {mean:.1e}  99 % {most:.1e}  {limits}",
                flush=True,
            )
            wrong += not case.right
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
