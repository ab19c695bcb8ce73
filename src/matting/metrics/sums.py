"""What the metrics are made of: compiled where numba is installed, else by OpenCV and numpy, with the same values."""

try:
    import numba  # noqa: F401
except ImportError:
    from matting.metrics.plain import connectivity_sums, difference_sums, gradient_sums
else:
    from matting.metrics.connectivity import connectivity_sums
    from matting.metrics.difference import difference_sums
    from matting.metrics.gradient import gradient_sums

__all__ = ["connectivity_sums", "difference_sums", "gradient_sums"]
