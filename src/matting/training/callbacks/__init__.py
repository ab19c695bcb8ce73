"""What happens around the batches of a training.

May import: evaluation, stages, methods, tracking and the packages below them.

checkpointing: last.ckpt and best.ckpt, Ctrl-C and SIGTERM.
images: pictures of the same validation samples.
lifecycle: settings of a rank, the last batch, damaged files.
progress: the progress bar and its lines.
throughput: images a second, memory, utilisation.
"""
