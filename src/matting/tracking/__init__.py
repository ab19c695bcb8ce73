"""Where the figures of a run are logged.

May import: visualization, runs and the packages below them; `wandb_metadata` and `wandb_session` import no torch.

run_logger: the interface of the loggers.
tensorboard_logger: TensorBoard.
wandb_internals: the private part of wandb-workspaces.
loggers: metrics.csv and the loggers of a run.
wandb_logger: the logger of Weights & Biases.
wandb_session: how Weights & Biases is opened.
wandb_metadata: what Weights & Biases is given of a run.
"""
