"""Finds the installed panels by name and lets each make its part of a page.

A panel comes from an entry point "panel.NAME" whose module implements the hook `harness_panels`; built-in ones too. A
panel that fails, whoever wrote it, becomes a sentence with its plug-in's name; the rest of the report does not suffer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.errors import PluginError
from harness.report.latex import latex
from harness.report.panels import Panel, PanelContext, PanelMaker
from harness.report.templating import templates

_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class FoundMaker:
    """An installed panel.

    Attributes:
        name: that of its entry point.
        label: of its plug-in, for messages.
        make: the function; None if it could not be loaded.
        problem: why not.
    """

    name: str
    label: str
    make: PanelMaker | None
    problem: str = ""

    @property
    def built_in(self) -> bool:
        """Whether it is part of the harness: its figures are then drawn later, in parallel."""
        return bool(self.make) and str(getattr(self.make, "__module__", "")).startswith("harness.")


def installed() -> list[FoundMaker]:
    """Every installed panel, by name. Imports the modules that bring panels, and no other plug-in."""
    from harness.registry.discovery import registry

    found = []
    for name in registry().names("panel"):
        try:
            label = registry().info("panel", name).label
            found.append(FoundMaker(name, label, registry().load_panel(name)))
        except PluginError as error:
            found.append(FoundMaker(name, f"plug-in 'panel.{name}'", None, str(error)))
    return found


def make_all(makers: Sequence[FoundMaker], context: PanelContext) -> list[Panel]:
    """The panels of one comparison in their order.

    Args:
        makers: from `installed`.
        context: its name is that of the comparison; each maker gets it with its own name at the end.
    """
    made = [p for maker in makers for p in _make(maker, replace(context, name=f"{context.name}-{maker.name}"))]
    return sorted(made, key=lambda panel: panel.place)


def _make(maker: FoundMaker, context: PanelContext) -> list[Panel]:
    import matplotlib as mpl

    from harness.registry.guard import contained

    problem = maker.problem
    if maker.make is not None:
        try:
            with mpl.rc_context(), contained(maker.label, "made its panel"):
                panels = maker.make(context)
                _check(panels, context.name)
                if not maker.built_in:
                    _rehearse(panels)
            return panels
        except (Exception, SystemExit) as error:
            words = " ".join(f"{type(error).__name__}: {error}".split())
            problem = f"The {maker.label} could not make its panel: {words}"
    return [Panel(context.name, f"Panel “{maker.name}”", [problem])]


def _check(panels: list[Panel], prefix: str) -> None:
    """Check types and names, which become ids and file names.

    Raises:
        TypeError: not a list of panels.
        ValueError: a name that does not begin with `prefix`, is no file name, or is used twice.
    """
    if not isinstance(panels, list) or not all(isinstance(panel, Panel) for panel in panels):
        raise TypeError("a panel maker must return a list of harness.report.Panel")
    names = [name for p in panels for name in (p.name, *(c.name for c in p.choices))]
    names += [figure.name for p in panels for figure in p.every_figure] + [t.name for p in panels for t in p.tables]
    for name, times in Counter(names).items():
        if not name.startswith(prefix) or not _NAME.fullmatch(name):
            words = "and have only letters, digits, '-' and '_'"
            raise ValueError(f"the name '{name}' must begin with '{prefix}', the context's, {words}")
        if times > 1:
            raise ValueError(f"the name '{name}' is used twice")


def _rehearse(panels: list[Panel]) -> None:
    """Draw and write everything once, so that an error appears here rather than while the report is written."""
    for figure in (f for panel in panels for f in panel.every_figure):
        assert figure.png  # draws it
    for table in (t for panel in panels for t in panel.tables):
        table.csv(), table.markdown(), latex(table)
    page = templates().get_template("panel.html.j2")
    page.render(panels=panels, root="../", links={})
