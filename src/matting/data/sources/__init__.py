"""Layouts of data sets: which subjects and backgrounds there are and how one is read. Nothing random.

May import: the other modules of `data` that read files; no torch.

base: what a source is.
annotations: values of annotation files.
folder: folders of your own.
adobe: Adobe Image Matting and Distinctions-646 layouts.
distinctions: Distinctions-646.
photomatte: PhotoMatte85.
coco: COCO backgrounds and person masks.
voc: Pascal VOC.
supervisely: Supervisely persons.
procedural: drawn people and scenes.
"""
