"""The report in a real browser without a network: it renders, its script runs, and it loads nothing from elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.service
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def page(make_cli: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two models on two tasks, one of its cells impossible."""
    cli = make_cli(tmp_path_factory.mktemp("report"))
    cli("sweep", "experiment=generated", "task=first_symbol,text_generation", "model=lstm,bilstm", "budget=steps:2")
    cli("report")
    return cli.folder / "results" / "report" / "index.html"


def _browse(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    browser = next((found for name in NAMES if (found := shutil.which(name))), None)
    assert browser is not None, f"none of {', '.join(NAMES)} is installed"
    # Every name resolves to nothing: whatever the page would load from elsewhere fails and is logged.
    base = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ]
    profile = f"--user-data-dir={page.parent / 'profile'}"
    return subprocess.run(
        [browser, *base, profile, *options, page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"HOME": str(page.parent)},
    )


def test_the_page_is_drawn(page: Path, tmp_path: Path) -> None:
    picture = tmp_path / "report.png"
    done = _browse(page, f"--screenshot={picture}", "--window-size=1200,2000")
    assert picture.is_file(), done.stderr
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])  # of the PNG's header
    assert (width, height) == (1200, 2000)
    assert picture.stat().st_size > 30_000  # a blank page compresses to far less


def test_the_script_runs_and_nothing_is_loaded_from_elsewhere(page: Path) -> None:
    done = _browse(page, "--dump-dom", "--virtual-time-budget=2000")
    assert done.returncode == 0, done.stderr
    assert len(re.findall("<table", done.stdout)) >= 2
    assert "reads future positions" in done.stdout
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line or "ERR_NAME_NOT_RESOLVED" in line]
    assert not console, console


@pytest.mark.parametrize("width", [500, 800, 1280])
def test_the_page_does_not_scroll_sideways(page: Path, tmp_path: Path, width: int) -> None:
    measure = "<script>document.title = document.documentElement.scrollWidth - innerWidth</script></body>"
    probe = tmp_path / "probe.html"
    probe.write_text(page.read_text(encoding="utf-8").replace("</body>", measure), encoding="utf-8")
    done = _browse(probe, "--dump-dom", f"--window-size={width},900")
    found = re.search(r"<title>(-?\d+)</title>", done.stdout)
    assert found is not None, done.stderr
    assert int(found[1]) <= 0
