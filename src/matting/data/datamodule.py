"""The data of a run, built from its config: sources, caches, pairing and loaders."""

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from matting.data.augment import Geometry
from matting.data.batch import Batch, RawBatch, check_batch
from matting.data.build import Combined, build_source, build_sources, check_disjoint, photographs_of
from matting.data.cache import SubjectCache
from matting.data.collate import collate, start_worker
from matting.data.compositing import compose_batch
from matting.data.dataset import Composites, EvalComposites, spread
from matting.data.empty import spread_empty
from matting.data.pairing import Pairing, validation_subjects
from matting.data.photographs import EvalPhotographs, Photographs
from matting.data.samplers import MAX_PIXELS, SameSize, TrainingOrder
from matting.data.shared_memory import Slots
from matting.errors import UserError
from matting.utils.console import say
from matting.utils.process import one_thread


class CachedSubjects(Combined):
    """The decoded subjects of several sources: a cache for each."""

    def size(self, id: str) -> tuple[int, int]:
        """Return (height, width) of a subject without decoding it."""
        cache, rest = self.at(id)
        return cache.size(rest)

    def contents(self, ids: list[str]) -> dict[str, str]:
        """Return the digest of each alpha by id: a subject has the same one in two splits."""
        return {id: cache.content(rest) for id in ids for cache, rest in [self.at(id)]}


class CompositeData(LightningDataModule):
    """Composites of subjects and backgrounds, made while training; test sets by name.

    A stage that names photographs with person masks (`stage.persons`) trains and validates on those; its test sets are
    composites still.
    config: plain and resolved, with seed, data, augment, paths, runtime and trainer; `stage` too for a training.
    val_samples: number of validation samples, None for all.
    """

    def __init__(self, config: Mapping[str, Any], batch_size: int, val_samples: int | None = None):
        super().__init__()
        self.config, self.batch_size, self.val_samples = config, batch_size, val_samples
        stage = config.get("stage", {})  # the config of an evaluation has none
        self.frame: tuple[int, int] = tuple(stage.get("frame", (0, 0)))
        self.fit, self.long_side = stage.get("fit"), stage.get("long_side") or 2 * max(self.frame)
        self.empty_share: float = config["data"]["empty_share"]
        self.light = config["data"]["light"] == "shared"
        self.training: Composites | Photographs | None = None
        self.validation: EvalComposites | EvalPhotographs | None = None
        self.tests: dict[str, EvalComposites] = {}
        self.skipped: list[str] = []  # the reason of each damaged subject

    def setup(self, stage: str) -> None:
        """Build the data. stage: `fit` builds all, `test` only the test sets."""
        if not self.tests:
            self.tests = self.build_tests()
        if stage == "fit" and self.training is None:
            persons = photographs_of(self.config)
            if persons is None:
                self.build_training()
            else:
                self.build_photographs(persons)

    def build_training(self) -> None:
        """Build composites for training and validation, and check that no subject is in two splits."""
        data, root = self.config["data"], self.config["paths"]["data_root"]
        backgrounds = build_sources(data["backgrounds"], root, "data.backgrounds")
        sources = build_sources(data["subjects"], root, "data.subjects").sources
        subjects = self.cached(sources, self.long_side, "skip")
        self.skipped = [reason for cache in subjects.sources.values() for reason in cache.skipped.values()]
        ids, held_out = self.hold_out(subjects.ids, "subjects")
        self.check_splits(subjects.contents(ids), subjects.contents(held_out))
        self.check_sizes(subjects, ids)
        geometry = Geometry(*self.frame, self.fit, self.config["augment"])
        pairing = Pairing(ids, backgrounds.ids, data["backgrounds_per_subject"], self.config["seed"], "train")
        new_bgr = "comp" in self.config["loss"].get("targets", ())
        self.training = Composites(
            pairing, subjects, backgrounds, geometry, self.config["augment"], new_bgr, self.empty_share, self.light
        )
        if held_out:
            # Seed 0 for runs of any seed: their best checkpoints are chosen on the same images.
            pairing = Pairing(held_out, backgrounds.ids, data["backgrounds_per_subject"], seed=0, split="val")
            chosen = spread(len(pairing), self.val_samples)
            empty = spread_empty(len(chosen or pairing), self.empty_share)
            self.validation = EvalComposites(
                pairing, subjects, backgrounds, "native", chosen, "skip", empty, self.light
            )
        say(
            f"data: {len(ids)} training subjects x {data['backgrounds_per_subject']} backgrounds = "
            f"{len(self.training)} samples, {len(held_out)} validation subjects"
        )

    def build_photographs(self, persons: Mapping[str, Any]) -> None:
        """Build photographs with person masks for training and validation."""
        source = build_sources(persons, self.config["paths"]["data_root"], "data.persons")
        ids, held_out = self.hold_out(source.ids, "photographs")
        geometry = Geometry(*self.frame, self.fit, self.config["augment"])
        augment, seed, share, backgrounds = self.config["augment"], self.config["seed"], self.empty_share, None
        if share:
            data = self.config["data"]
            backgrounds = build_sources(data["backgrounds"], self.config["paths"]["data_root"], "data.backgrounds")
        self.training = Photographs(source, ids, geometry, augment, seed, share, backgrounds)
        if held_out:
            chosen = spread(len(held_out), self.val_samples)
            empty = spread_empty(len(chosen or held_out), share)
            self.validation = EvalPhotographs(source, held_out, self.frame, self.fit, chosen, empty, backgrounds)
        say(f"data: {len(ids)} training photographs with masks, {len(held_out)} for validation")

    def hold_out(self, ids: Sequence[str], kind: str) -> tuple[list[str], list[str]]:
        """Return the ids for training and those for validation."""
        count = self.config["data"]["val_subjects"]
        held_out = validation_subjects(ids, count)
        kept = sorted(set(ids) - set(held_out))
        if not kept:
            raise UserError(f"data.val_subjects={count}: none of {len(ids)} {kind} is left for training; give less")
        return kept, held_out

    def check_sizes(self, subjects: CachedSubjects, ids: Sequence[str]) -> None:
        """Raise UserError where subjects keep sizes that differ but should go into one batch."""
        sizes = {subjects.size(id) for id in ids} if self.fit == "whole" and self.batch_size > 1 else set()
        if len(sizes) > 1:
            raise UserError(
                f"stage.batch_size={self.batch_size}: with stage.fit=whole subjects keep their sizes, and "
                f"have {len(sizes)} different ones; expected batch_size=1, or stage.fit=pad"
            )

    def check_splits(self, training: dict[str, str], validation: dict[str, str]) -> None:
        """Raise UserError where a subject is in two splits; two test sets may share subjects.

        This is checked before the training, which takes long.
        """
        tests: dict[str, str] = {}
        for dataset in self.tests.values():
            tests |= dataset.subjects.contents(dataset.pairing.subjects)  # type: ignore[attr-defined]
        check_disjoint({"training": training, "validation": validation, "testing": tests})

    def build_tests(self) -> dict[str, EvalComposites]:
        """Return the test sets by name: the same images for every seed. A damaged file raises its DamagedFile."""
        root, tests = self.config["paths"]["data_root"], {}
        for name, node in self.config["data"]["test"].items():
            if node is None:
                continue
            subjects = self.cached({name: build_source(node["subjects"], root)}, None, "raise")
            backgrounds = node.get("backgrounds")
            key = f"data.test.{name}.backgrounds"
            source = None if backgrounds is None else build_sources({name: backgrounds}, root, key)
            if source is None and subjects.load(subjects.ids[0]).image is None:
                raise UserError(
                    f"data.test.{name}.backgrounds=null: its subjects are cut out, expected a source of backgrounds"
                )
            ids = ["itself"] if source is None else list(source.ids)
            pairing = Pairing(subjects.ids, ids, node["backgrounds_per_subject"], seed=0, split=f"test/{name}")
            tests[name] = EvalComposites(pairing, subjects, source, node["eval_size"], light=self.light)
        return tests

    def cached(self, sources: Mapping[str, Any], long_side: int | None, on_damaged: str) -> CachedSubjects:
        """Open the caches of sources, reduced to `long_side`."""
        folder = Path(self.config["paths"]["cache_dir"])
        caches = {
            name: SubjectCache.open(source, folder, long_side=long_side, on_damaged=on_damaged)  # type: ignore[arg-type]
            for name, source in sources.items()
        }
        return CachedSubjects(caches)

    def train_dataloader(self) -> DataLoader:
        """Return the loader of this rank, which starts after the batches that the stage has trained."""
        assert self.training is not None
        assert self.trainer is not None
        stage = self.trainer.lightning_module
        order = TrainingOrder(
            len(self.training),
            self.batch_size,
            self.config["data"]["epoch_samples"],
            self.config["seed"],
            position=lambda: stage.batches,  # type: ignore[union-attr,return-value,arg-type]
            rank=self.trainer.global_rank,
            ranks=self.trainer.world_size,
        )
        return self.loader(self.training, order, training=True)

    def val_dataloader(self) -> DataLoader | list:
        if self.validation is None:
            return []
        return self.eval_loader(self.validation)

    def eval_loader(self, dataset: EvalComposites | EvalPhotographs) -> DataLoader:
        """Return a loader of batches of one image size, in order."""
        sizes = [dataset.shape(index) for index in range(len(dataset))]
        # No larger than a training batch: a stage may train on crops of these pictures.
        pixels = self.batch_size * math.prod(self.frame) or MAX_PIXELS
        return self.loader(dataset, SameSize(sizes, self.batch_size, pixels))

    def loader(self, dataset: Any, order: Any, training: bool = False) -> DataLoader:
        """Return a loader of a dataset in a given order; only the training has worker processes."""
        workers = self.config["runtime"]["workers"] if training else 0
        # Training batches have one size: three planes of three colours and one of alpha.
        size = self.batch_size * 10 * math.prod(self.frame)
        return DataLoader(
            dataset,
            batch_sampler=order,
            num_workers=workers,
            collate_fn=partial(collate, slots=[Slots(size) for _ in range(workers)]),
            persistent_workers=workers > 0,
            pin_memory=self.config["trainer"]["accelerator"] == "gpu",
            worker_init_fn=start_worker,
            multiprocessing_context="fork" if workers else None,
        )

    def on_after_batch_transfer(self, batch: RawBatch, dataloader_idx: int) -> Batch:
        """Composite a batch on its device; the first one is checked."""
        assert self.trainer is not None
        first = self.trainer.lightning_module.batches == 0  # type: ignore[union-attr]
        composed = self.composed(batch, bool(self.trainer.training))
        return check_batch(composed) if first else composed

    def composed(self, raw: RawBatch, training: bool) -> Batch:
        """Composite a batch on the device that holds `raw`; only training changes colours.

        On a CPU with workers, one thread composites in a third to a half of the time of all threads: a worker that
        starts its next batch takes a core from them, and each of many short passes would wait for the slowest thread.
        """
        beside_workers = training and self.config["runtime"]["workers"] > 0 and raw["alpha"].device.type == "cpu"
        with one_thread() if beside_workers else nullcontext():
            return compose_batch(raw, colour=training)
