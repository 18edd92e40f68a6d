"""Trained models after their run: found by key or folder, rebuilt without data, and asked to predict."""

from __future__ import annotations

from harness.inference.loading import load
from harness.inference.trained_model import TrainedModel

__all__ = ["TrainedModel", "load"]
