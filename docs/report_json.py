"""The reference page of report.json, from its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from markdown_parts import code, phrase, table

from harness.report.exchange.document import SCHEMA, SCHEMA_VERSION


def lines() -> Iterator[str]:
    """Every object of the schema with its fields, then the schema as it is shipped."""
    text = SCHEMA.read_text(encoding="utf-8")
    schema = json.loads(text)
    yield from ["# report.json", "", schema["description"], ""]
    yield (
        f"Version {SCHEMA_VERSION} of the document. `{SCHEMA.name}` is written beside it, for any validator of JSON "
        "Schema. Fields may be added without notice; none that is here goes or changes its meaning in this version."
    )
    yield from ["", "## The document", *_fields(schema)]
    for name, part in sorted(schema["$defs"].items()):
        yield from ["", f"## {name}", "", part["description"], *_fields(part)]
    yield from ["", "## The schema", "", "```json", text.rstrip(), "```"]


def _fields(part: dict[str, Any]) -> list[str]:
    rows = [
        (code(name), _type(field), phrase(field.get("description", ""))) for name, field in part["properties"].items()
    ]
    return table(("field", "type", "meaning"), rows)


def _type(field: dict[str, Any]) -> str:
    """A field's type in words, with a link to an object."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})"
    if "oneOf" in field:
        return " or ".join(_type(one) for one in field["oneOf"])
    if "enum" in field:
        return ", ".join(code(json.dumps(value)) for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}"
    kinds = field.get("type", "any")
    return kinds if isinstance(kinds, str) else " or ".join(kinds)
