"""A page of a report as the tests look at it."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr", "wbr"}
LOADING = {"src", "srcset", "data", "poster", "action", "background", "xlink:href", "ping"}


class Page(HTMLParser):
    """Collects what the tests look at; complains about tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.na: list[str | None] = []
        self.heading = ""
        self.headers_without_scope = 0
        self.tables_without_caption = 0
        self._captions: list[bool] = []
        self._in_na = False
        self._in_h1 = False
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if given.get("id"):
            self.ids.append(given["id"] or "")
        if tag in ("a", "use", "link") and given.get("href"):
            self.links.append(given["href"] or "")
        self.loads += [f"{tag} {k}={v}" for k, v in given.items() if k in LOADING]
        self.headers_without_scope += tag == "th" and "scope" not in given
        if tag == "table":
            self._captions.append(False)
        if tag == "caption":
            self._captions[-1] = True
        self._in_h1 = self._in_h1 or tag == "h1"
        if tag == "td":
            self._in_na = "na" in (given.get("class") or "").split()
            if self._in_na:
                self.na.append(None)
        if tag == "a" and self._in_na:
            self.na[-1] = given.get("href")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "table":
            self.tables_without_caption += not self._captions.pop()
        if tag == "td":
            self._in_na = False
        if tag == "h1":
            self._in_h1 = False

    def handle_data(self, data: str) -> None:
        if self._in_h1:
            self.heading += data
