"""The networks of the compared systems, filled with made-up weights, beside the golden values."""

import re
from collections.abc import Iterator
from functools import partial

import numpy as np
import torch

from matting.methods import dim as dim_method
from matting.methods import fba as fba_method
from matting.methods import modnet as modnet_method
from matting.nets import bgm_v2, dim, fba, late_fusion, modnet
from matting.ops.distances import distance_maps, known_maps
from tests.systems.golden_files import Case, Golden, image_of, keys_of, plain, trimap_of


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
