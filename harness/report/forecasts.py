"""What forecasts look like: a few test windows in units of the data, with the truth and every model's answer.

The windows are those that `ForecastTarget.charts` keeps: chosen by the hash of their id, so the same for every model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.contract.hookspecs import hookimpl
from harness.report.figures import Figure, label
from harness.report.figures.scales import finite
from harness.report.figures.windows import Forecast, over_windows
from harness.report.over_seeds import said
from harness.report.panels import MOST_CHOICES, FigureChoice, Panel, PanelContext, PanelMaker

_MOST_LINES = 10  # models and baselines in one figure
_PAST = 3  # horizons of the past that are drawn, and at least a few steps
_FEWEST = 48

_Window = dict[tuple[str, str], Mapping[str, Any]]
"""By window and variable: the entry of `ForecastTarget.charts`."""


def panels(context: PanelContext) -> list[Panel]:
    """A figure for each window and variable; nothing for runs without such charts."""
    comparison = context.comparison
    entries = [e for e in (*comparison.entries, *comparison.baselines) if e.finished][:_MOST_LINES]
    found = {e.label: _windows(e.finished[0].summary) for e in entries}
    found = {text: pair for text, pair in found.items() if pair[0]}
    if not found:
        return []
    baselines = [e.label for e in comparison.baselines if e.label in found]
    numbers = {**context.colours, **{text: -1 - i for i, text in enumerate(baselines)}}
    shared = [key for key in next(iter(found.values()))[0] if all(key in windows for windows, _ in found.values())]
    figures: dict[str, Figure] = {}
    for window, variable in shared[:MOST_CHOICES]:
        name = f"{context.name}-{len(figures) + 1}"
        drawn = _figure(name, window, variable, found, numbers)
        if drawn is not None:
            figures[label(f"{variable}, {window}", 40)] = drawn
    if not figures:
        return []
    text = (
        "Test windows chosen by the hash of their id, not by hand; the first seed of each model. The thin line is what "
        "was measured; forecasts begin at the dashed line."
    )
    quantiles = next((q for _, q in found.values() if len(q) > 1), [])
    if quantiles:
        text += f" Bands reach from quantile {quantiles[0]:g} to {quantiles[-1]:g}, lines are medians."
    choice = FigureChoice(f"{context.name}-choice", "Window", figures)
    return [Panel(context.name, "Forecasts", [text], choices=[choice], place=25)]


@hookimpl
def harness_panels() -> dict[str, PanelMaker]:
    """The panel of this module."""
    return {"forecasts": panels}


def _windows(summary: Any) -> tuple[_Window, list[float]]:
    """The windows of a run, and its quantiles; empty where it has none, or what is stored is not ours."""
    chart = summary.charts.get("forecasts") if summary else None
    if not isinstance(chart, Mapping):
        return {}, []
    try:
        quantiles = [float(q) for q in chart["quantiles"]]
        pairs = [(str(window["id"]), one) for window in chart["windows"] for one in window["variables"]]
        return {(name, str(one["name"])): one for name, one in pairs}, quantiles
    except (KeyError, TypeError, ValueError):
        return {}, []


def _figure(
    name: str,
    window: str,
    variable: str,
    found: Mapping[str, tuple[_Window, list[float]]],
    numbers: Mapping[str, int],
) -> Figure | None:
    first = next(iter(found.values()))[0][window, variable]
    truth, past = _numbers(first.get("truth")), _numbers(first.get("past"))
    past = past[-max(_FEWEST, _PAST * len(truth)) :]
    forecasts = {}
    for text, (windows, quantiles) in found.items():
        forecast = _forecast(windows[window, variable].get("forecast"), quantiles, len(truth))
        if forecast is not None:
            forecasts[text] = forecast
    if not truth or not forecasts:
        return None
    unit = str(first.get("unit", ""))
    title = label(variable) + (f", {label(unit, 12)}" if unit else "")
    alt = f"Line chart of {label(variable)} around {label(window)}. Measured at the last step: {said(truth[-1])}. "
    alt += " ".join(f"{label(text)}: {said(f.values[-1])}." for text, f in forecasts.items())
    caption = f"{label(variable)}, forecast from {label(window)} on."
    return over_windows(name, past, truth, forecasts, numbers, titles=("steps ahead", title), caption=caption, alt=alt)


def _forecast(rows: Any, quantiles: Sequence[float], steps: int) -> Forecast | None:
    """The forecast of one variable, from a list of numbers a step; None where it is not ours."""
    try:
        table = [[float(v) for v in row] for row in rows]
    except (TypeError, ValueError):
        return None
    widths = {len(row) for row in table}
    if (
        len(table) != steps
        or len(widths) != 1
        or finite([v for row in table for v in row]).size != sum(map(len, table))
    ):
        return None
    if widths == {1}:
        return Forecast([row[0] for row in table])
    if widths != {len(quantiles)}:
        return None
    middle = len(quantiles) // 2
    return Forecast([row[middle] for row in table], [row[0] for row in table], [row[-1] for row in table])


def _numbers(values: Any) -> list[float]:
    """Finite numbers; empty where one is not."""
    try:
        made = [float(v) for v in values]
    except (TypeError, ValueError):
        return []
    return made if finite(made).size == len(made) else []
