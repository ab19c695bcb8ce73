"""Lightning callbacks of a training.

checkpointing: last.ckpt and best.ckpt, Ctrl-C. images: pictures of validation samples. lifecycle: prepare a rank, end
a training, count damaged files. progress: a bar or lines. throughput: images a second, waiting, MFU.
"""
