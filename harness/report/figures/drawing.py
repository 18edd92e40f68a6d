"""A figure with its text and files. The files are drawn on demand, or in parallel processes.

Drawing takes about 0.05 s per figure, and a report over many tasks has a hundred, which takes longer than everything
else.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from matplotlib.figure import Figure as MplFigure

from harness.report import background
from harness.report.figures.render import Rendered, render
from harness.report.figures.style import style

FEW = 12
"""With fewer figures than this, starting processes takes longer than it saves."""

_MOST_PROCESSES = 4


@dataclass(eq=False)
class Figure:
    """A drawing with its text.

    Attributes:
        name: of its files; also its id on the page.
        caption: under it.
        alt: text alternative.

    The last argument creates the drawing; it is called at most once, inside `style`.
    """

    name: str
    caption: str
    alt: str
    _drawing: Callable[[], MplFigure] | None = field(repr=False)
    _files: Rendered | None = field(default=None, repr=False)
    _elsewhere: Future[Rendered] | None = field(default=None, repr=False)

    @property
    def svg(self) -> str:
        """The SVG file."""
        return self._drawn().svg

    @property
    def png(self) -> bytes:
        """The PNG file."""
        return self._drawn().png

    @property
    def inline(self) -> str:
        """SVG for embedding in the page, without requests and with the page's colours."""
        return self._drawn().inline

    def _drawn(self) -> Rendered:
        if self._files is None and self._elsewhere is not None and not self._elsewhere.cancel():
            with suppress(BrokenProcessPool):  # a process was killed
                self._files = self._elsewhere.result()
        if self._files is None:  # or no process has started it
            self._files = self._draw()
        self._drawing = self._elsewhere = None
        return self._files

    def _draw(self) -> Rendered:
        assert self._drawing is not None  # until there are files
        with style(self.name):
            return render(self._drawing())


def finish(figure: MplFigure, name: str, caption: str, alt: str) -> Figure:
    """A figure drawn inside `style`, with its text."""
    return Figure(name, caption, alt, lambda: figure)


_shared: list[Figure] = []  # what the next forked processes will draw


@contextmanager
def drawn_in_background(figures: Sequence[Figure]) -> Iterator[Callable[[], None]]:
    """Draw figures in other processes, from the first on, while the caller does something else.

    The block is given what it calls when it has nothing else to do: draw, from the last on, what no process has begun.
    Whoever asks for a figure waits for it, or draws it where no process has begun it.

    Does nothing for a few figures, or where no process may be forked (`background.can_fork`).
    """
    waiting = [f for f in figures if f._files is None]
    if len(waiting) < FEW or not background.can_fork():
        yield lambda: None
        return

    def help_out() -> None:
        for figure in reversed(waiting):
            if figure._elsewhere is not None and figure._elsewhere.cancel():
                figure._drawn()

    _shared[:] = waiting
    number = min(background.cores() - 1, _MOST_PROCESSES)
    pool = ProcessPoolExecutor(number, multiprocessing.get_context("fork"))
    try:
        with background.quiet_forks():
            for i, figure in enumerate(waiting):
                figure._elsewhere = pool.submit(_draw_shared, i)
        yield help_out
    finally:
        _shared.clear()
        pool.shutdown(cancel_futures=True)


def _draw_shared(number: int) -> Rendered:
    return _shared[number]._draw()
