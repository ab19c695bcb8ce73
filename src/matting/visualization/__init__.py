"""Images and pages for people.

May import: data, metrics, runs and the packages below them; no torch.

grid: pictures in rows and columns.
samples: the samples that an evaluation kept.
html: parts of an HTML page.
"""
