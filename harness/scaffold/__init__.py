"""New plug-in packages: filled templates, or a copy of an installed model under another name."""

from harness.scaffold.package import Package, create

__all__ = ["Package", "create"]
