"""Sources: each knows one layout on disk and gives its items by id, decoded, without randomness. No torch here.

base: the interface of all sources, and what file-based ones share. adobe, distinctions, photomatte: the matting sets.
coco, voc: backgrounds and person masks. supervisely: person masks. folder: your own pictures. procedural: drawn people
and scenes, the default that needs no files.
"""
