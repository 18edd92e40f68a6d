"""Plug-ins that go wrong on purpose."""
