"""Learning: predictions, exercises with their checks, and the hang clinic. Reads runs and traces only."""

from .check import check
from .expect import expect
from .predict import predict

__all__ = ["check", "expect", "predict"]
