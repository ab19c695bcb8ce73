"""The run folder, `outputs/<kind>/<name>-<digest>/`.

May import: config and utils; no torch.

run: the identity and state of a run.
lifecycle: begin, note, finish, clear.
upstream: the runs that a run is made from.
listing: run folders as a list.
provenance: revision and versions.
log: train.log.
"""
