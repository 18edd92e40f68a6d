"""The site builds strictly and its pages need no network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LOADED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("video", "src"), ("object", "data")}


class Page(HTMLParser):
    """What a page loads by itself, and what it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids.add(found.get("id", ""))
        self.loaded += [value for name, value in found.items() if (tag, name) in LOADED]
        if tag == "link" and found.get("rel") not in ("prev", "next", "canonical"):
            self.loaded.append(found.get("href", ""))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    done = subprocess.run(
        # Not --quiet: with it, warnings are neither shown nor counted, and --strict does nothing.
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def html(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}


def test_every_page_is_in_the_site(site: Path) -> None:
    sources = sorted((ROOT / "docs").rglob("*.md"))
    assert len(sources) > 20
    for source in sources:
        assert (site / source.relative_to(ROOT / "docs")).with_suffix(".html").is_file(), source
    assert not list(site.rglob("*.py"))


def test_pages_load_nothing_from_elsewhere(site: Path, html: dict[Path, Page]) -> None:
    for path, page in html.items():
        for address in page.loaded:
            parts = urlsplit(address)
            assert parts.scheme in ("", "data"), f"{path.relative_to(site)} loads {address}"
            assert not parts.netloc, f"{path.relative_to(site)} loads {address}"
            if not parts.scheme:
                base = site if path.name == "404.html" else path.parent
                assert (base / parts.path.removeprefix("/")).exists(), f"{path.relative_to(site)} lacks {address}"
    for path in site.rglob("*.css"):
        found = re.findall(r"(?:@import|url\()\s*[\"']?((?:https?:)?//[^\"')]+)", path.read_text(encoding="utf-8"))
        assert not found, f"{path.name} loads {found[0]}"


def test_links_lead_to_pages_and_sections_of_the_site(site: Path, html: dict[Path, Page]) -> None:
    for path, page in html.items():
        if path.name == "404.html":  # served from any address, so its links begin at the root
            continue
        for link in page.links:
            address, fragment = urldefrag(link)
            if urlsplit(address).scheme:
                continue
            target = (path.parent / address).resolve() if address else path
            if target.is_dir():
                target /= "index.html"
            assert target in html, f"{path.relative_to(site)} links to {link}"
            if fragment:
                assert fragment in html[target].ids, f"{path.relative_to(site)} links to {link}"


def test_options_of_plug_ins_and_contracts_are_in_the_reference(site: Path) -> None:
    text = (site / "reference" / "api" / "contracts.html").read_text(encoding="utf-8")
    for name in ("subsampling_factor", "higher_is_better", "max_subsampling", "batch_tokens"):
        assert name in text
    assert "Class variables:" not in text
