"""Launchers start workers: `inline` in this process, `local` in processes forked on this machine."""

from __future__ import annotations

INLINE, LOCAL = "inline", "local"
