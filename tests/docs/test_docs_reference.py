"""The reference follows the code: generated pages do not drift, and nothing that exists is left out."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from harness.cli.main import app
from harness.contract import hookspecs
from harness.testing import dataset_checks, model_checks, target_checks, task_checks

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_generated_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, DOCS / "generate.py", "--check"],
        env={"OMP_NUM_THREADS": "1", "PATH": "", "HOME": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_the_pages_of_the_api_say_what_everything_means() -> None:
    pages = {page.stem: page.read_text(encoding="utf-8") for page in (DOCS / "reference" / "api").glob("*.md")}
    for name, text in pages.items():
        rows = re.findall(r"^\| (`.*?`) \|.*\|  \|$", text, re.MULTILINE)
        assert not rows, f"docs/reference/api/{name}.md does not say what these mean: {rows}"
    promised = ("subsampling_factor", "higher_is_better", "max_subsampling", "batch_tokens", "must be written")
    assert [word for word in promised if word not in pages["contracts"]] == []
    assert "`squared_error`, `count`, `steps`, `by_step`" in pages["metrics"]
    assert "| `MOST_PARTS` | `48` |" in pages["metrics"]


def test_every_hook_has_an_entry_that_says_what_it_returns() -> None:
    page = read("reference/hooks.md")
    hooks = [name for name, value in vars(hookspecs).items() if hasattr(value, "harness_spec")]
    assert len(hooks) >= 2
    for name in hooks:
        entry = page.partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert f"`{name}() -> " in entry, f"docs/reference/hooks.md has no entry for the hook {name}"
        assert len(entry.split()) > 10, f"docs/reference/hooks.md says nothing of the hook {name}"


def commands(command: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """("data fetch", command) for every command that is not hidden."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(before), command
        return
    for name, sub in inner.items():
        if not sub.hidden:
            yield from commands(sub, (*before, name))


def test_every_command_and_option_is_documented() -> None:
    page = read("reference/cli.md")
    for name, command in commands(typer.main.get_command(app)):
        found = re.search(rf"^## harness {name}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
        assert found, f"docs/reference/cli.md has no section 'harness {name}'"
        for parameter in command.params:
            if parameter.param_type_name == "argument":
                metavar = parameter.metavar or ""
                written = metavar.strip("[].") if "=" in metavar else str(parameter.name).upper()
            else:
                written = max(parameter.opts, key=len)
            assert written in found[1], f"docs/reference/cli.md: harness {name} leaves {written} out"


@pytest.mark.parametrize(
    "module", [model_checks, task_checks, dataset_checks, target_checks], ids=["model", "task", "dataset", "target"]
)
def test_every_clause_is_explained_and_every_one_that_is_named_exists(module: Any) -> None:
    known = {clause.name for clause in module.CLAUSES}
    explained = {
        n for names in re.findall(r"[Cc]lauses? ((?:`\w+`(?:, | and )?)+)", flat_contract()) for n in ticked(names)
    }
    assert known <= explained, f"docs/explanation/contract.md leaves {sorted(known - explained)} out"
    everything = {clause.name for m in (model_checks, task_checks, dataset_checks) for clause in m.CLAUSES}
    for page in PAGES:
        text = " ".join(page.read_text(encoding="utf-8").split())
        for names in re.findall(r"clauses? ((?:`\w+`(?:, | and )?)+)", text):
            unknown = set(ticked(names)) - everything
            assert not unknown, f"{page.relative_to(ROOT)} names clauses that do not exist: {sorted(unknown)}"


def flat_contract() -> str:
    """The page on one line; "(clause `autocast`)" and "for models, `sources` and `learning`" included."""
    return " ".join(read("explanation/contract.md").split())


def ticked(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def test_files_that_the_pages_name_exist() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"`((?:tests|conf|harness|plugins|docs)/[\w/.-]+)`", text):
            assert (ROOT / name).exists(), f"{page.relative_to(ROOT)} names {name}, which does not exist"


def test_names_of_the_api_that_the_pages_use_exist() -> None:
    for page in PAGES:
        for name in set(re.findall(r"`(harness(?:\.[a-zA-Z_]\w*)+)`", page.read_text(encoding="utf-8"))):
            assert exists(name), f"{page.relative_to(ROOT)} names {name}, which does not exist"


def exists(name: str) -> bool:
    """Whether a dotted name is a module or an attribute of one."""
    module, _, attribute = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ImportError:
        return bool(module) and exists_in(module, attribute)
    return True


def exists_in(module: str, attribute: str) -> bool:
    try:
        return hasattr(importlib.import_module(module), attribute)
    except ImportError:
        return False


def test_fairness_rules_name_the_file_that_keeps_them() -> None:
    page = read("explanation/fairness.md")
    rules = re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    assert len(rules) > 20
    for rule in rules:
        assert re.search(r"^(Enforced|Recorded) by .*`harness/", rule, re.MULTILINE), f"no file is named: {rule[:60]}"


def test_the_tools_of_the_site_are_part_of_dev() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(extras["docs"]) <= set(extras["dev"])
