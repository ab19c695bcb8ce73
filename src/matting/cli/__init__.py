"""The command line, before a verb runs. It may import `commands` and everything below; only `__main__` imports it.

Nothing here imports torch at module level.

main: chooses the verb. app: answers one command line. arguments: parses it. help: what it prints when it runs nothing.
launch: one job, the rows of a grid, experiments. jobs: one job of any verb. job_process: a job in its own process.
sweeps: failed jobs, Optuna's study, launchers and sweepers. outcome: exit code and line of an error.
completion: tab completion.
"""
