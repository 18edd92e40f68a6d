"""Trained models as folders that other programs read: ONNX, torch.export, safetensors, and Hugging Face's hub."""

from __future__ import annotations

from harness.exporting.export import FORMATS, Exported, export_model

__all__ = ["FORMATS", "Exported", "export_model"]
