"""What is wrong with a file of settings is a sentence that names it."""

from typing import Any

import pytest

from harness.config import compose, expand, to_settings
from harness.errors import ConfigError


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b"a: [1\n b: {", "cannot be read: while parsing"),
        (b"a:\n\t- b", r"cannot be read: .*character '\\t'"),
        (b"seed: 1\nseed: 2\n", "duplicate key seed"),
        (b"sweep: gr\xfcn\n", "is not UTF-8 text"),
        ("sweep: x".encode("utf-16"), "is not UTF-8 text"),
        (b"seed: \0", "cannot be read: unacceptable character"),
        (b"a: *x", "undefined alias 'x'"),
        (b"a: !!python/object:os.system x", "could not determine a constructor"),
        (b"[" * 5000, "nested too deeply"),
        (b"- 1\n- 2\n", "is a list"),
        (b"defaults: 3\n", "defaults must be a list"),
        (b"sweep: ${\n", "cannot be read: no viable alternative"),
        (b"# @package _global_\ngrid: 3\n", "grid"),
        (b"# @package _global_\ntask: {dataset: text, root: 1e5}\n", "must be a path.*in quotes"),
    ],
)
def test_a_broken_file_is_named(site: Any, content: bytes, answer: str) -> None:
    site.install("e", {"config.e": "e"}, {"e/__init__.py": "", "e/experiment/broken.yaml": ""})
    (site.folder / "e" / "experiment" / "broken.yaml").write_bytes(content)
    words = ["task=text_generation", "model=lstm", "experiment=broken"]
    for read in (lambda: to_settings(compose(words)), lambda: expand(words)):
        with pytest.raises(ConfigError, match=answer) as error:
            read()
        assert "broken" in str(error.value)
