"""Log a run.

run_logger: the interface of all loggers. loggers: metrics.csv, and the loggers that a config names.
tensorboard_logger: TensorBoard. wandb_logger: Weights & Biases. wandb_session: open it, without questions and private
facts. wandb_metadata: the name, config and figures that it gets. The last two import no torch.

May import visualization, runs, config and utils.
"""
