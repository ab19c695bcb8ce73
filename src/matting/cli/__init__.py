"""The command line: everything that happens before a verb runs.

May import: commands and every package below it; no torch.

launch: the jobs of a command line: one, the rows of a grid, the experiments of a report.
outcome: the line and the exit code of an error.
main: the verbs, and the choice of one.
app: one command line composed and run, its errors as a line and an exit code.
arguments: the words of a command line, checked and quoted.
help: `matting VERB --help`.
completion: tab completion.
jobs: one job: its config checked, its verb run.
job_process: one job of a parallel sweep, run in a separate process.
sweep_table: the jobs of a sweep as a table.
sweeps: failed jobs reported, an Optuna study resumed.
"""
