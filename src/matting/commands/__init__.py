"""The verbs, one file each: read the config, call the packages below, print. Floor 8; no verb imports another.

Nothing here imports torch at module level.
"""
