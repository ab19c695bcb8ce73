"""Hold the networks, losses and solvers of the compared systems to golden values of the official code.

    python -m tests.systems.golden FOLDER [--seed SEED]

FOLDER has `*.npz`, `sizes.json`, `calibration.json` and `losses.json`; lists of keys and `fill.py` are this folder's.
One line a case: mean and 99 % difference, and the tolerance. The exit code is 1 if a case is beyond it.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from matting.methods import dim as dim_method
from matting.methods import fba as fba_method
from matting.methods import information_flow
from matting.methods import modnet as modnet_method
from matting.nets import bgm_v2, dim, fba, late_fusion, modnet
from matting.nets.published import renamed
from matting.ops import flows
from matting.ops.distances import distance_maps, known_maps
from matting.ops.trimming import trimmed_by_edges, trimmed_by_patches
from tests.systems import fill
from tests.systems.golden_losses import loss_values

HERE = Path(__file__).parent


class Case(NamedTuple):
    """One array: its name, ours, the golden one, and the tolerances of the mean and of 99 % of the values."""

    name: str
    ours: np.ndarray
    golden: np.ndarray
    mean: float
    most: float

    @property
    def differences(self) -> tuple[float, float]:
        distance = np.abs(self.ours.astype(np.float64) - self.golden.astype(np.float64))
        return float(distance.mean()), float(np.quantile(distance, 0.99))

    @property
    def right(self) -> bool:
        if self.ours.shape != self.golden.shape:
            return False
        mean, most = self.differences
        return mean <= self.mean and most <= self.most


class Golden:
    """The files of one folder."""

    def __init__(self, folder: Path, seed: str | None = None):
        self.folder = folder
        self.sizes = json.loads((folder / "sizes.json").read_text())
        self.calibration = json.loads((folder / "calibration.json").read_text())
        self.seed = seed or self.sizes["seed"]

    def arrays(self, name: str) -> Mapping[str, np.ndarray]:
        return np.load(self.folder / f"{name}.npz")

    def inputs(
        self, system: str, size: Iterable[int], digests: Mapping[str, np.ndarray], prefix: str = ""
    ) -> dict[str, Any]:
        """Return the arrays of a case; raise ValueError where a digest says that they are others."""
        found = fill.inputs(system, self.seed, *size)
        for name in ("image", "trimap", "background"):
            digest = digests.get(f"{prefix}{name}_digest")
            if digest is not None and fill.digest(found[name]) != str(digest):
                raise ValueError(f"{system} {prefix}{name}: the inputs are not those of the golden values")
        return found

    def network(self, network: nn.Module, keys: Mapping[str, Any], system: str, seed: str, table: Any) -> nn.Module:
        """Fill a network with the made-up weights, under the names of the published checkpoint."""
        weights = fill.fill(keys, system, seed, self.calibration)
        state = renamed({key: torch.from_numpy(value) for key, value in weights.items()}, table)
        network.load_state_dict(state)
        return network.eval()


def keys_of(system: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / f"{system}.keys.json").read_text())
    return found


def image_of(pixels: np.ndarray) -> Tensor:
    """Return bytes (H, W, C) or (H, W) as float32 (1, C, H, W) in [0, 1]."""
    planes = pixels.astype(np.float32) / 255
    return torch.from_numpy(planes.reshape(*planes.shape[:2], -1).transpose(2, 0, 1).copy())[None]


def trimap_of(levels: np.ndarray) -> Tensor:
    """Return a trimap of 0, 128 and 255 as (1, 1, H, W) of 0, 0.5 and 1."""
    return torch.from_numpy(np.where(levels == 128, 0.5, levels / 255).astype(np.float32))[None, None]


def plain(found: Tensor, step: int = 1) -> np.ndarray:
    """Return the first image of maps, every `step`-th pixel, as (C, H, W), or (H, W) for one channel."""
    planes = found[0, :, ::step, ::step].numpy()
    return planes[0] if len(planes) == 1 else planes


def modnet_cases(golden: Golden) -> Iterator[Case]:
    case, values = partial(Case, mean=3e-5, most=2e-4), golden.arrays("modnet")
    network = golden.network(modnet.ModNet(), keys_of("modnet")["keys"], "modnet", golden.seed, modnet.PUBLISHED)
    for letter, size in golden.sizes["modnet"].items():
        image = image_of(golden.inputs("modnet", size, values, f"{letter}_")["image"])
        if f"{letter}_alpha" not in values:
            alpha = modnet_method.predict(network, image, reference=512)  # type: ignore[arg-type]
            yield case(f"modnet {letter} alpha", plain(alpha, 4), values[f"{letter}_alpha_every_4th"])
            continue
        network.training = True  # the side outputs, with the norms of evaluation
        maps = network(image)
        network.training = False
        for name, step in (("alpha", 1), ("semantic", 1), ("detail", 2)):
            yield case(f"modnet {letter} {name}", plain(maps[name], step), values[f"{letter}_{name}"])


def bgm_v2_cases(golden: Golden) -> Iterator[Case]:
    case, values = partial(Case, mean=1e-5, most=1e-4), golden.arrays("bgm_v2")
    scene = golden.inputs("bgm_v2", golden.sizes["bgm_v2"][""], values)
    image, background = image_of(scene["image"]), image_of(scene["background"])
    backbones = sorted({name.split("_")[0] for name in values if name.endswith("_ref_sm")})
    for backbone in backbones:
        network = bgm_v2.BackgroundMattingV2(backbone, pixels=8000, threshold=0.3)
        keys = keys_of("bgm_v2")["backbones"][backbone]
        golden.network(network, keys, "bgm_v2", f"{golden.seed}/{backbone}", bgm_v2.PUBLISHED)
        for variant in ("full", "sampling", "thresholding", "half_scale"):
            if f"{backbone}_{variant}_ref_sm" not in values:
                continue
            network.refiner.mode = "sampling" if variant == "half_scale" else variant
            network.scale = 0.5 if variant == "half_scale" else 0.25
            maps, name = network(image, background), f"{backbone}_{variant}"
            refined = plain(maps["refined"]) != values[f"{name}_ref_sm"]
            yield Case(f"bgm_v2 {name} patches", np.array(refined.mean()), np.array(0.0), 2e-3, 2e-3)
            # Where other patches were refined, alpha cannot agree.
            same = np.kron(~refined, np.ones((4, 4), bool))
            for short, full, step in (("pha", "alpha", 3), ("fgr", "foreground", 5)):
                true = values[f"{name}_{short}_every_{step}{'rd' if step == 3 else 'th'}"]
                ours, where = plain(maps[full], step), same[::step, ::step]
                yield case(f"bgm_v2 {name} {full}", ours[..., where], true[..., where])
            for short, full in (("pha", "alpha"), ("fgr", "foreground"), ("err", "error")):
                if f"{name}_{short}_sm" in values:
                    yield case(
                        f"bgm_v2 {name} small {full}", plain(maps[f"{full}_small"]), values[f"{name}_{short}_sm"]
                    )
        for name in (key for key in values if re.match(rf"{backbone}_base_\d+x\d+_pha$", key)):
            prefix, size = name.removesuffix("_pha"), [int(side) for side in name.split("_")[-2].split("x")]
            corner = (slice(None), slice(None), slice(size[0]), slice(size[1]))
            maps = network.base(image[corner], background[corner])
            yield case(f"bgm_v2 {prefix} alpha", plain(maps["alpha"]), values[name])
            yield case(f"bgm_v2 {prefix} error", plain(maps["error"], 2), values[f"{prefix}_err_every_2nd"])
            hidden = maps["hidden"][0].mean((1, 2)).numpy()
            yield case(f"bgm_v2 {prefix} hidden", hidden, values[f"{prefix}_hid_mean_over_space"])


def fba_cases(golden: Golden) -> Iterator[Case]:
    case, values = partial(Case, mean=1e-4, most=1e-3), golden.arrays("fba")
    network = golden.network(fba.FBA(), keys_of("fba")["keys"], "fba", golden.seed, fba.PUBLISHED)
    for letter, size in golden.sizes["fba"].items():
        scene = golden.inputs("fba", size, values, f"{letter}_")
        image, trimap = image_of(scene["image"]), trimap_of(scene["trimap"])
        known = known_maps(trimap[0, 0].numpy())
        official = f"{letter}_two_channels_resized_every_4th" in values
        if official:
            known = fba_method.enlarged(known)
            yield case(f"fba {letter} known", known[::4, ::4], values[f"{letter}_two_channels_resized_every_4th"])
        encoded = distance_maps(known).transpose(2, 0, 1)[:, ::4, ::4]
        name = "six_channels" if official else "trimap_channels"
        yield case(f"fba {letter} distances", encoded, values[f"{letter}_{name}_every_4th"])
        if official:
            maps = fba_method.predict(network, image, trimap, rule="lanczos")  # type: ignore[arg-type]
        else:
            inputs = (
                torch.from_numpy(np.moveaxis(plane, 2, 0).copy())[None] for plane in (known, distance_maps(known))
            )
            maps = network(image, *inputs)
        yield case(f"fba {letter} alpha", plain(maps["alpha"]), values[f"{letter}_alpha"])
        for short, full in (("F", "foreground"), ("B", "background")):
            ours, true = plain(maps[full], 4), values[f"{letter}_{short}_every_4th"]
            yield case(f"fba {letter} {full}", ours if len(true) == 3 else np.moveaxis(ours, 0, 2), true)


def dim_cases(golden: Golden) -> Iterator[Case]:
    case, values = partial(Case, mean=3e-4, most=2e-3), golden.arrays("dim")
    network = golden.network(dim.DIM(), keys_of("dim")["mmagic"], "dim", golden.seed, dim.PUBLISHED)
    for letter, size in golden.sizes["dim"].items():
        scene = golden.inputs("dim", size, values, f"{letter}_")
        image, trimap = image_of(scene["image"]), trimap_of(scene["trimap"])
        maps = dim_method.predict(network, image, trimap)  # type: ignore[arg-type]
        if f"{letter}_alpha" in values:
            yield case(f"dim {letter} alpha", plain(maps["alpha"]), values[f"{letter}_alpha"])
            before = values[f"{letter}_alpha_before_known_pixels"]
            yield case(f"dim {letter} before known pixels", plain(maps["refined"]), before)
        else:
            yield case(f"dim {letter} encoder-decoder", plain(maps["coarse"]), values[f"{letter}_stage1_alpha"])
            yield case(f"dim {letter} refined", plain(maps["refined"]), values[f"{letter}_refined_alpha"])


def dim_skip_cases(golden: Golden) -> Iterator[Case]:
    case, values = partial(Case, mean=3e-4, most=2e-3), golden.arrays("dim_skip")
    keys, seed = keys_of("dim")["huochaitiantang"], f"{golden.seed}/skip"
    network = golden.network(dim.DIM(neck=3, skips=True), keys, "dim", seed, dim.PUBLISHED)
    scene = golden.inputs("dim", golden.sizes["dim_skip"][""], values)
    maps = network(image_of(scene["image"]), image_of(scene["trimap"]))
    yield case("dim_skip encoder-decoder", plain(maps["coarse"], 2), values["stage1_alpha"])
    yield case("dim_skip refined", plain(maps["alpha"], 2), values["refined_alpha"])


def lfm_cases(golden: Golden) -> Iterator[Case]:
    case, values = partial(Case, mean=1e-5, most=1e-4), golden.arrays("lfm")
    image = image_of(golden.inputs("lfm", golden.sizes["lfm"][""], values)["image"])
    for padding in ("symmetric", "zero"):
        network = late_fusion.LateFusion(padding=padding)
        golden.network(network, keys_of("lfm")["keys"], "lfm", golden.seed, late_fusion.PUBLISHED)
        maps = network(image)
        maps |= {
            f"{part}_{name}": maps["sides"][part][i]
            for part in maps["sides"]
            for i, name in enumerate(("half", "quarter", "eighth"))
        }
        for key in (key for key in values if key.startswith(f"{padding}_")):
            found, true = maps[key.removeprefix(f"{padding}_")], values[key]
            yield case(f"lfm {key.replace('_', ' ')}", plain(found, found.shape[-1] // true.shape[-1]), true)


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
