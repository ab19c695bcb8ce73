"""Files, locks, output and processes: nothing of matting.

May import: errors; only `process` imports torch.

columns: aligned text.
console: lines and progress bars.
files: files written whole or not at all.
locks: locks between processes.
home_paths: ~ in files that are shared.
distributed: several ranks of one training.
process: threads, memory and seeds of a process.
"""
