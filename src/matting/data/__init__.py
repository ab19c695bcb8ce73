"""From files to batches: sources -> pairing -> workers (decode, geometry) -> uint8 batch -> device (composite, colour).

sources: items by id. build: sources of a config. cache: decoded subjects on disk. images, decoding: read and write
images. foreground: estimate foreground colours. trimaps: trimap files of pictures. pairing: which background a subject
gets. samplers: the order of samples. dataset, photographs: samples of composites and of photographs. augment: geometry.
collate, shared_memory: samples to batches. batch: the keys of a batch. compositing: the composite on the device.
datamodule: the Lightning data module of a run.

May import config, losses, ops, utils and errors. Sources, images and cache import no torch.
"""
