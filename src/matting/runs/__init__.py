"""The run folder, `outputs/<kind>/<name>-<digest>/`.

May import: config and utils; no torch.

run: the identity and state of a run.
same_training: the run that trained what a config asks for, whatever its test sets.
lifecycle: begin, note, finish, clear.
weights: trainings with random weights.
upstream: the runs that a run is made from.
listing: run folders as a list.
lookup: a run folder by its digest, name or path.
progress: how far a training is.
figures: the figures of a result under the keys of the logs.
differences: what sets a config apart.
uses: the runs and reports that use a run.
details: a run in full, several side by side.
opening: the page that shows a run.
cost: what a training costs, by a rule of thumb.
speeds: how fast this machine trained before.
pruning: run folders deleted.
provenance: revision and versions.
log: train.log.
"""
