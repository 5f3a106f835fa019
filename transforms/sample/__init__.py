"""Made-up deliveries of a known universe, and its truth.

Nothing here imports the pipeline: what it should find is known before it looks.
"""

from transforms.sample.writing.history import write_sample

__all__ = ["write_sample"]
