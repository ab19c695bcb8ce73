"""From files to batches on the device. Sources know no randomness; only `compositing` composites.

May import: config, ops and utils.

batch: what a batch holds.
build: the sources and test sets of a config.
sources: layouts of data sets.
kinds: which files are pictures, and their ids.
listing: pictures found below a folder.
images: pictures read and written.
decoding: decoders.
tiff: the decoder of TIFFs that others read wrongly.
trimaps: trimaps read from files.
foreground: foreground colours estimated.
cache: decoded subjects on disk.
space: the space that caches will take.
pairing: which subject on which background.
light: the light of a background on a subject.
empty: which samples have no person.
augment: geometry and colour of a sample.
dataset: samples by index.
photographs: photographs with person masks.
samplers: the order of samples, and where it goes on.
collate: samples to batches.
shared_memory: batches handed over by worker processes.
compositing: composites on the device.
datamodule: the LightningDataModule.
"""
