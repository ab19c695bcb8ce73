"""Images for people, as uint8 arrays.

grid: sheets of pictures. samples: a test sample as pictures. html: pictures as data URIs.

May import nets, data, metrics, runs and what lies below them. Imports no torch, because reports use it.
"""
