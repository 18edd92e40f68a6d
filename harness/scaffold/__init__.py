"""Plug-in packages of one's own: filled templates, or a copy of an installed plug-in under another name."""

from harness.scaffold.package import Package, create

__all__ = ["Package", "create"]
