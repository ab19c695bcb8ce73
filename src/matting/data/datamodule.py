"""Sources, pairing, caches and loaders, put together from a config."""

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
from matting.data.build import build_source, build_sources, check_disjoint, photographs_of
from matting.data.cache import SubjectCache
from matting.data.collate import collate, start_worker
from matting.data.compositing import compose_batch
from matting.data.dataset import Composites, EvalComposites, spread
from matting.data.pairing import Pairing, validation_subjects
from matting.data.photographs import EvalPhotographs, Photographs
from matting.data.samplers import SameSize, TrainingOrder
from matting.data.shared_memory import Slots
from matting.data.sources.base import Subject
from matting.errors import UserError
from matting.utils.console import say
from matting.utils.process import one_thread


class CachedSubjects:
    """The decoded subjects of several sources; ids are `<name in the config>/<id>`."""

    def __init__(self, caches: Mapping[str, SubjectCache]):
        self.caches = dict(caches)
        self.ids = sorted(f"{name}/{id}" for name, cache in self.caches.items() for id in cache.ids)
        self.skipped = {f"{name}/{id}": why for name, cache in self.caches.items() for id, why in cache.skipped.items()}

    def load(self, id: str) -> Subject:
        cache, rest = self.at(id)
        return cache.load(rest)

    def size(self, id: str) -> tuple[int, int]:
        cache, rest = self.at(id)
        return cache.size(rest)

    def contents(self, ids: list[str]) -> dict[str, str]:
        """id -> digest of the alpha: how one subject is known in two splits."""
        return {id: cache.content(rest) for id in ids for cache, rest in [self.at(id)]}

    def at(self, id: str) -> tuple[SubjectCache, str]:
        name, rest = id.split("/", 1)
        return self.caches[name], rest


class CompositeData(LightningDataModule):
    """Composites of subjects and backgrounds, synthesized on the fly; several named test sets, evaluated apart.

    A stage that names photographs with person masks (`stage.persons`) trains and validates on those instead; the test
    sets stay composites.
    config: a plain, resolved config with seed, scale, data, augment, paths, runtime, trainer; and stage, to train.
    """

    def __init__(self, config: Mapping[str, Any], batch_size: int, val_samples: int | None = None):
        super().__init__()
        self.config, self.batch_size, self.val_samples = config, batch_size, val_samples
        stage = config.get("stage", {})  # an evaluation has none, and trains nothing
        self.frame: tuple[int, int] = tuple(stage.get("frame", (0, 0)))
        self.val_side = max(stage.get("val_frame", self.frame))
        self.fit, self.long_side = stage.get("fit"), stage.get("long_side") or 2 * max(self.frame)
        self.training: Composites | Photographs | None = None
        self.validation: EvalComposites | EvalPhotographs | None = None
        self.tests: dict[str, EvalComposites] = {}
        self.skipped: dict[str, str] = {}

    def setup(self, stage: str) -> None:
        """`stage` as Lightning calls it: fit builds all, test the test sets alone."""
        if not self.tests:
            self.tests = self.build_tests()
        if stage == "fit" and self.training is None:
            persons = photographs_of(self.config)
            if persons is None:
                self.build_training()
            else:
                self.build_photographs(persons)

    def build_training(self) -> None:
        data, root = self.config["data"], self.config["paths"]["data_root"]
        backgrounds = build_sources(data["backgrounds"], root, "data.backgrounds")
        sources = build_sources(data["subjects"], root, "data.subjects").sources
        subjects = self.cached(sources, self.long_side, "skip")
        self.skipped = subjects.skipped
        ids, held_out = self.hold_out(subjects.ids, "subjects")
        self.check_splits(subjects.contents(ids), subjects.contents(held_out))
        self.check_sizes(subjects, ids)
        geometry = Geometry(*self.frame, self.fit, self.config["augment"])
        pairing = Pairing(ids, backgrounds.ids, data["backgrounds_per_subject"], self.config["seed"], "train")
        new_bgr = "comp" in self.config["loss"].get("targets", ())
        self.training = Composites(pairing, subjects, backgrounds, geometry, self.config["augment"], new_bgr)
        if held_out:
            # The same images whatever the run's seed: checkpoints of several seeds are chosen on one validation set.
            pairing = Pairing(held_out, backgrounds.ids, data["backgrounds_per_subject"], seed=0, split="val")
            chosen = spread(len(pairing), self.val_samples)
            self.validation = EvalComposites(pairing, subjects, backgrounds, self.val_side, chosen, "skip")
        say(
            f"data: {len(ids)} training subjects x {data['backgrounds_per_subject']} backgrounds = "
            f"{len(self.training)} samples, {len(held_out)} validation subjects"
        )

    def build_photographs(self, persons: Mapping[str, Any]) -> None:
        source = build_sources(persons, self.config["paths"]["data_root"], "data.persons")
        ids, held_out = self.hold_out(source.ids, "photographs")
        geometry = Geometry(*self.frame, self.fit, self.config["augment"])
        self.training = Photographs(source, ids, geometry, self.config["augment"], self.config["seed"])
        if held_out:
            chosen = spread(len(held_out), self.val_samples)
            self.validation = EvalPhotographs(source, held_out, self.frame, self.fit, chosen)
        say(f"data: {len(ids)} training photographs with masks, {len(held_out)} for validation")

    def hold_out(self, ids: Sequence[str], kind: str) -> tuple[list[str], list[str]]:
        """The ids that train and those that validate."""
        count = self.config["data"]["val_subjects"]
        held_out = validation_subjects(ids, count)
        kept = sorted(set(ids) - set(held_out))
        if not kept:
            raise UserError(f"data.val_subjects={count}: none of {len(ids)} {kind} is left to train on; give fewer")
        return kept, held_out

    def check_sizes(self, subjects: CachedSubjects, ids: list[str]) -> None:
        """Subjects at their own sizes make no batch unless they have one size."""
        sizes = {subjects.size(id) for id in ids} if self.fit == "whole" and self.batch_size > 1 else set()
        if len(sizes) > 1:
            raise UserError(
                f"stage.batch_size={self.batch_size}: with stage.fit=whole subjects keep their own sizes, here "
                f"{len(sizes)}; expected batch_size=1, or stage.fit=pad"
            )

    def check_splits(self, training: dict[str, str], validation: dict[str, str]) -> None:
        """Raise UserError when one subject stands in two splits; two test sets may share theirs. Before training: a
        damaged or a shared test subject would otherwise show when it is done."""
        tests: dict[str, str] = {}
        for dataset in self.tests.values():
            tests |= dataset.subjects.contents(dataset.pairing.subjects)  # type: ignore[attr-defined]
        check_disjoint({"training": training, "validation": validation, "testing": tests})

    def build_tests(self) -> dict[str, EvalComposites]:
        """The named test sets, the same images whatever the run's seed; a damaged file stops them."""
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
                    f"data.test.{name}.backgrounds=null: its subjects are cut out, expected a source to stand behind"
                )
            ids = ["itself"] if source is None else list(source.ids)
            pairing = Pairing(subjects.ids, ids, node["backgrounds_per_subject"], seed=0, split=f"test/{name}")
            tests[name] = EvalComposites(pairing, subjects, source, node["eval_size"])
        return tests

    def cached(self, sources: Mapping[str, Any], long_side: int | None, on_damaged: str) -> CachedSubjects:
        folder = Path(self.config["paths"]["cache_dir"])
        caches = {
            name: SubjectCache.open(source, folder, long_side=long_side, on_damaged=on_damaged)  # type: ignore[arg-type]
            for name, source in sources.items()
        }
        return CachedSubjects(caches)

    def train_dataloader(self) -> DataLoader:
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
        return self.loader(self.training, order, keep_workers=True)

    def val_dataloader(self) -> DataLoader | list:
        if self.validation is None:
            return []
        return self.eval_loader(self.validation, workers=0)

    def test_dataloader(self) -> list[DataLoader]:
        return [self.eval_loader(dataset) for dataset in self.tests.values()]

    def eval_loader(self, dataset: EvalComposites | EvalPhotographs, workers: int | None = None) -> DataLoader:
        sizes = [dataset.shape(index) for index in range(len(dataset))]
        # of a stage: no more than it trains on, which may be crops of them
        pixels = self.batch_size * math.prod(self.frame) or math.inf
        return self.loader(dataset, SameSize(sizes, self.batch_size, pixels), workers=workers)

    def loader(self, dataset: Any, order: Any, keep_workers: bool = False, workers: int | None = None) -> DataLoader:
        workers = self.config["runtime"]["workers"] if workers is None else workers
        # a worker that trains makes batch after batch of one size: planes of three colours, three times, and of alpha
        size = self.batch_size * 10 * math.prod(self.frame) if keep_workers else 0
        return DataLoader(
            dataset,
            batch_sampler=order,
            num_workers=workers,
            collate_fn=partial(collate, slots=[Slots(size) for _ in range(workers)]) if size else collate,
            persistent_workers=keep_workers and workers > 0,
            pin_memory=self.config["trainer"]["accelerator"] == "gpu",
            worker_init_fn=start_worker,
            multiprocessing_context="fork" if workers else None,
        )

    def on_after_batch_transfer(self, batch: RawBatch, dataloader_idx: int) -> Batch:
        assert self.trainer is not None
        first = self.trainer.lightning_module.batches == 0  # type: ignore[union-attr]
        composed = self.composed(batch, bool(self.trainer.training))
        return check_batch(composed) if first else composed

    def composed(self, raw: RawBatch, training: bool) -> Batch:
        """`compose_batch` on the device that holds `raw`; the colour work in training alone.

        A worker begins on its next batch when one is taken. On a CPU each of many short passes over all threads would
        wait for the one that lost its core to it: one thread composites in a third to a half of the time, the same.
        """
        beside_workers = training and self.config["runtime"]["workers"] > 0 and raw["alpha"].device.type == "cpu"
        with one_thread() if beside_workers else nullcontext():
            return compose_batch(raw, colour=training)
