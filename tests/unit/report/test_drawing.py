"""Figures that other processes draw: the same files, whoever draws them."""

from __future__ import annotations

import os
import threading
from functools import partial

import pytest
from matplotlib.figure import Figure as MplFigure

from harness.report import background as processes
from harness.report import figures
from harness.report.figures import drawing
from harness.report.figures.render import Rendered


def some(number: int) -> list[figures.Figure]:
    return [figures.Figure(f"f{i}", "a line", "a line that rises", partial(line, i)) for i in range(number)]


def line(end: int) -> MplFigure:
    figure = figures.new_figure()
    figures.plot_area(figure).plot([0.0, 1.0], [0.0, 1.0 + end])
    return figure


def test_figures_drawn_in_other_processes_are_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "cores", lambda: 3)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    here = some(drawing.FEW)
    drawn = some(drawing.FEW)
    expected = [(f.svg, f.png) for f in here]
    monkeypatch.setattr(drawing, "render", render_by_process)
    with figures.drawn_in_background(drawn):
        made = [(f.svg, f.png) for f in drawn]
    assert [svg.partition("by process ")[0] for svg, _ in made] == [svg for svg, _ in expected]
    assert [png for _, png in made] == [png for _, png in expected]
    drawn_by = {svg.partition("by process ")[2] for svg, _ in made}
    assert drawn_by - {str(os.getpid())}  # what is asked for before a process has begun it is drawn here


def render_by_process(figure: MplFigure) -> Rendered:
    drawn = figures.render(figure)
    return drawn._replace(svg=f"{drawn.svg}by process {os.getpid()}")


def test_what_no_process_has_begun_is_drawn_here_from_the_last_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "cores", lambda: 2)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(drawing, "render", render_by_process)
    drawn = some(30)
    with figures.drawn_in_background(drawn) as help_drawing:
        help_drawing()
        here = [f.svg.endswith(f"by process {os.getpid()}") for f in drawn]
    assert here == sorted(here)  # first those of the process, then those of this one
    assert {*here} == {False, True}


def test_a_process_that_is_ended_costs_time_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "cores", lambda: 2)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    parent = os.getpid()

    def die(figure: MplFigure) -> tuple[str, bytes]:
        if os.getpid() != parent:
            os._exit(9)
        return figures.render(figure)

    monkeypatch.setattr(drawing, "render", die)
    drawn = some(drawing.FEW)
    with figures.drawn_in_background(drawn):
        for figure in drawn:
            assert figure.svg.endswith("</svg>\n")
            assert figure.png.startswith(b"\x89PNG")


@pytest.mark.parametrize("reason", ["few figures", "one core", "threads"])
def test_without_need_or_safety_no_process_is_made(monkeypatch: pytest.MonkeyPatch, reason: str):
    def refuse(*_: object) -> None:
        raise AssertionError("a process pool was made")

    monkeypatch.setattr(drawing, "ProcessPoolExecutor", refuse)
    monkeypatch.setattr(processes, "cores", lambda: 1 if reason == "one core" else 4)
    monkeypatch.setattr(threading, "active_count", lambda: 2 if reason == "threads" else 1)
    number = drawing.FEW - 1 if reason == "few figures" else drawing.FEW
    with figures.drawn_in_background(some(number)):
        pass
