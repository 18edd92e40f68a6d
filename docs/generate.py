"""Writes the reference pages that follow from the code; a test compares them with the code.

    python docs/generate.py           rewrite docs/reference/*.md
    python docs/generate.py --check   exit with 1 and name the pages that differ

Only what this distribution brings is listed, whatever else is installed beside it.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import report_json
import typer.main
from api_pages import PAGES as API
from markdown_parts import code, field_rows, joined, paragraphs, phrase, sentence, table

from harness.cli import run as run_command
from harness.cli import sweep as sweep_command
from harness.cli.main import app
from harness.config.schema import groups
from harness.config.schema import words as explained
from harness.config.settings import DecodingSettings, OptimizerSettings, TrainerSettings
from harness.contract import hookspecs
from harness.contract.dataset_task import DatasetTask
from harness.contract.version import CONTRACT_NAME
from harness.registry import discovery
from harness.registry.compatibility import check
from harness.store import export, schema
from harness.targets import BUILT_IN
from harness.testing import dataset_checks, model_checks, target_checks, task_checks

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "reference"
DISTRIBUTION = "sequence-harness"
MARK = "<!-- Written by docs/generate.py from the code: change the code, then run it again. -->"

SETTINGS = {"optimizer": OptimizerSettings, "trainer": TrainerSettings, "decoding": DecodingSettings}
HYDRA = {"run": run_command._OPTIONS, "sweep": sweep_command._OPTIONS}  # these two print a help of their own


def cli() -> str:
    """Every command with its arguments and options."""
    root = typer.main.get_command(app)
    lines = ["# Command line", "", sentence(root.help or "")]
    lines += ["", "`harness COMMAND --help` prints the same. Exit codes are in [their own page](environment.md)."]
    for words, command in commands(root):
        lines += ["", f"## harness {' '.join(words)}", "", code(usage(words, command))]
        lines += ["", *sections(inspect.cleandoc(command.help or ""))]
        lines += table(("argument or option", "meaning"), option_rows(words, command))
    return page([*lines, *words_of_a_run()])


def commands(command: click.Command, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that is not hidden, groups opened, in the order of `harness --help`."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield before, command
        return
    for name, sub in inner.items():
        if not sub.hidden:
            yield from commands(sub, (*before, name))


def usage(words: tuple[str, ...], command: click.Command) -> str:
    """The command as it is typed."""
    options = ["[OPTIONS]"] if any(p.param_type_name == "option" for p in command.params) else []
    arguments = [argument(p) for p in command.params if p.param_type_name == "argument"]
    return " ".join(["harness", *words, *options, *arguments])


def argument(parameter: click.Parameter) -> str:
    """NAME, or [NAME] where it can be left out, with dots where several may stand."""
    metavar = parameter.metavar or ""
    name = metavar.strip("[].") if "=" in metavar else str(parameter.name).upper()
    return (name if parameter.required else f"[{name}]") + ("..." if parameter.nargs == -1 else "")


def option_rows(words: tuple[str, ...], command: click.Command) -> list[tuple[str, str]]:
    """(how it is written, what it does) of every argument and option; --help is everywhere."""
    if words[0] in HYDRA:
        return [(code(option), phrase(text)) for option, text in HYDRA[words[0]]]
    rows = []
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            rows.append((code(argument(parameter)), phrase(getattr(parameter, "help", None) or "")))
        elif "--help" not in parameter.opts:
            written, text = parameter.get_help_record(click.Context(command)) or ("", "")
            rows.append((code(written), phrase(text)))
    return rows


def sections(text: str) -> list[str]:
    """A help text; what follows a blank line stays a paragraph of its own."""
    return "\n\n".join(joined(part) for part in text.split("\n\n")).split("\n")


def words_of_a_run() -> list[str]:
    """What `run` and `sweep` take after their options."""
    lines = ["", "## Words of run and sweep", "", "Words are `NAME=VALUE`, in Hydra's grammar."]
    lines += ["They are read in layers, each over the one before: `conf/config.yaml`, the searched defaults of the"]
    lines += ["cell (`tuned=`), the experiment, its `per_task`, its `per_model`, the command line."]
    lines += [
        "",
        "Words that choose one of several configurations: " + ", ".join(code(f"{g}=") for g in groups()) + ".",
    ]
    lines += table(("word", "meaning"), ((code(f"{name}="), phrase(option.help)) for name, option in explained()))
    for section, cls in SETTINGS.items():
        lines += ["", f"### Options of {section}", "", sentence(paragraphs(cls)[0])]
        lines += table(("option", "value", "default", "meaning"), field_rows(cls, section))
    lines += ["", "The options of tasks and models are on the page of the [built-in plug-ins](plugins.md)."]
    return lines


def hooks() -> str:
    """Every hook, and the entry points that lead to them."""
    lines = ["# Hooks and entry points", "", *(joined(p) for p in paragraphs(hookspecs)[:1])]
    lines += ["", joined(paragraphs(hookspecs)[1])]
    for name, function in hook_functions().items():
        lines += ["", f"## {name}", "", f"`{name}() -> {function.__annotations__['return']}`"]
        lines += ["", inspect.getdoc(function) or ""]
    lines += ["", "## Entry points", "", *entry_points()]
    lines += ["", f"A module also says which version of the contract it was written for: `{CONTRACT_NAME} = 2`"]
    lines += ["(see [versions of the contract](../explanation/versions.md))."]
    return page(lines)


def hook_functions() -> dict[str, Any]:
    """The functions of harness/contract/hookspecs.py that are hooks."""
    return {name: f for name, f in vars(hookspecs).items() if hasattr(f, "harness_spec")}


def entry_points() -> list[str]:
    """What the registry's docstring says of the entry points, its list as a table."""
    lines: list[str] = []
    for paragraph in paragraphs(discovery):
        entries = [re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in paragraph.splitlines()]
        if all(line.startswith("    ") for line in paragraph.splitlines()):
            lines += [*table(("entry point", "what it names"), ((code(a), phrase(b)) for a, b in entries)), ""]
        else:
            lines += [joined(paragraph), ""]
    return lines[:-1]


OPTION = ("option", "value", "default", "meaning")


def plugins() -> str:
    """The built-in tasks with their data sets, and the models, with their options."""
    lines = [
        "# Built-in plug-ins",
        "",
        "Options are set on the command line: `harness run task=NAME task.OPTION=VALUE`.",
    ]
    lines += ["What a meaning calls None is written `null`; a list is written `[8,16]`."]
    for kind in ("task", "model"):
        lines += ["", f"## {kind.capitalize()}s"]
        for info in built_in(kind):
            cls = discovery.registry().load(kind, info.name)
            lines += ["", f"### {info.name}", "", f"Version {cls.version} of the {kind}. {info.description}"]
            lines += ["", *sections(text_of(cls))]
            lines += facts_of_a_task(cls()) if kind == "task" else []
            lines += table(OPTION, own_rows(cls, kind))
            lines += datasets_of(info.name) if kind == "task" else []
    return page([*lines, *targets()])


def targets() -> Iterator[str]:
    """The built-in targets: what they need of a model, how a target is laid out, and the metrics that fit."""
    yield from ("", "## Targets", "", "Each is a class of `harness.targets`.")
    rows = []
    for target in BUILT_IN:
        shape = ", ".join("T" if n is None else "n" for n in target.made_up(3).layout.shape)
        needs = [f"reads: {target.needs.reads}"]
        needs += ["causal"] if target.needs.causal else []
        needs += [f"subsampling: {target.needs.subsampling}"]
        names = ", ".join(code(metric.name) for metric in target.metrics())
        kind = f"{target.made_up(3).layout.dtype} ({shape})" if shape else target.made_up(3).layout.dtype
        rows.append((code(target.name), code(target.__name__), code(kind), "; ".join(needs), names))
    yield from table(("target", "class", "`Example.target`", "needs of a model", "metrics that fit"), rows)


def own_rows(cls: type, kind: str) -> Iterator[tuple[str, str, str, str]]:
    """The options of a plug-in, without those of the data set that a task has by default."""
    for row in field_rows(cls, kind):
        if not row[0].startswith("`task.dataset."):
            yield row
    if issubclass(cls, DatasetTask):
        names = [info.name.partition(".")[2] for info in built_in("dataset") if info.name.startswith(f"{cls.name}.")]
        meaning = "where the examples come from; its own options stand below"
        yield code("task.dataset"), f"one of {', '.join(names)}", code(cls().dataset.name), meaning


def datasets_of(task: str) -> list[str]:
    """The built-in data sets of a task, each with its source, figures and options."""
    lines = []
    for info in built_in("dataset"):
        owner, _, name = info.name.partition(".")
        if owner != task:
            continue
        cls = discovery.load_dataset(task, name)
        lines += [
            "",
            f"#### {code(f'task.dataset={name}')}",
            "",
            f"{sentence(info.description)} {sentence(text_of(cls))}",
        ]
        figures = len(cls().references)
        lines += [f"It brings {figures} published figures."] if figures else []
        sources = ((s.kind, s.licence, phrase(s.description)) for s in cls().sources())
        lines += table(("source", "licence", "what"), sources)
        rows = list(field_rows(cls, "task"))
        lines += table(OPTION, rows) if rows else []
    return lines


def text_of(cls: type) -> str:
    """The class docstring without its lists."""
    kept = [p for p in paragraphs(cls) if not re.match(r"(Fields|Attributes|Class variables)\b[^\n]*:\n", p)]
    return "\n\n".join(kept)


def facts_of_a_task(task: Any) -> list[str]:
    """Types, baselines and metrics."""
    lines = ["", f"Input `{task.input_type.__name__}`, target `{task.target_type.__name__}`."]
    names = "; ".join(f"`{b.name}`: {phrase(b.description)}" for b in task.baselines())
    lines += [f"Baselines: {names}."] if names else []
    rows = (
        (code(m.name), m.unit, "higher" if m.higher_is_better else "lower", phrase(m.description)) for m in task.metrics
    )
    lines += table(("metric, the primary one first", "unit", "better", "meaning"), rows)
    return lines


def matrix() -> str:
    """Which built-in model fits which built-in task, why not, and what each declares."""
    tasks = {i.name: discovery.load_task(i.name)().signature for i in built_in("task")}
    models = {i.name: discovery.load_model(i.name)() for i in built_in("model")}
    fits = {(t, m): check(s, m, model.capabilities(s)) for t, s in tasks.items() for m, model in models.items()}
    lines = ["# Which model fits which task", "", "`harness matrix` prints the same for everything that is installed."]
    lines += ["The answer follows from types and declarations alone (`harness/registry/compatibility.py`); no data."]
    words = {True: "fits", False: "n/a"}
    rows = ([code(m), *(words[fits[t, m].compatible] for t in tasks)] for m in models)
    lines += table(["model", *map(code, tasks)], rows)
    reasons = dict.fromkeys(found.reason for found in fits.values() if found.reason)
    lines += ["", "Why not:", "", *(f"- {reason}." for reason in reasons)]
    lines += ["", "## What each model declares", "", "`Capabilities` at the default configuration, task by task."]
    for task, signature in tasks.items():
        lines += [
            "",
            f"### For {task}",
            "",
            f"`{signature.input_type.__name__}` to `{signature.target_type.__name__}`.",
        ]
        columns = ("model", "causal", "carries state", "context", "reads", "subsampling")
        lines += table(columns, (declared(m, model.capabilities(signature), signature) for m, model in models.items()))
    return page(lines)


def declared(name: str, made: Any, signature: Any) -> list[str]:
    """A row of what a model declares."""
    words = {True: "yes", False: "no"}
    reads = "raw input" if signature.input_type in made.reads else "the embedding"
    context = "all" if made.context is None else str(made.context)
    return [code(name), words[made.causal], words[made.carries_state], context, reads, str(made.subsampling_factor)]


def clauses() -> str:
    """What the shipped suites check."""
    lines = ["# Clauses of the contract suites", ""]
    lines += [
        "What `harness.testing.ModelContract`, `TaskContract`, `DatasetContract` and `TargetContract` check, and what"
    ]
    lines += [
        "`harness check NAME` runs. A task whose examples come from data sets leaves the clauses on data to them."
    ]
    lines += ["[The contract](../explanation/contract.md) says why each promise is asked for."]
    for title, found in (
        ("Models", model_checks.CLAUSES),
        ("Tasks", task_checks.CLAUSES),
        ("Data sets", dataset_checks.CLAUSES),
        ("Targets", target_checks.CLAUSES),
    ):
        lines += ["", f"## {title}"]
        lines += table(("clause", "what holds", "what to change where it does not"), map(clause_row, found))
    return page(lines)


def clause_row(clause: Any) -> list[str]:
    """A row of the table of clauses."""
    return [code(clause.name), phrase(clause.promise), phrase(clause.advice)]


def store() -> str:
    """The tables of the results store, from the comments of their columns."""
    lines = ["# The results store", "", *(joined(p) for p in paragraphs(schema)[:1]), "", joined(paragraphs(schema)[1])]
    lines += ["", f"Schema version {schema.SCHEMA_VERSION}, in `meta`; a store of another version is refused."]
    lines += ["`harness store export` writes the same tables as files"]
    lines += ["([share, merge and export results](../how-to/shared-store.md))."]
    kinds = {"JSON": "JSON", "BOOLEAN": "boolean", "FLOAT": "number", "INTEGER": "integer", "BIGINT": "integer"}
    for made in schema.metadata.sorted_tables:
        lines += ["", f"## {made.name}", "", sentence(made.info["meaning"].capitalize())]
        rows = []
        for column in made.columns:
            kind = kinds.get(str(column.type).partition("(")[0], "text")
            words = [kind, *(["primary key"] * column.primary_key), *(["may be NULL"] * bool(column.nullable))]
            rows.append((code(column.name), ", ".join(words), phrase(column.comment or "")))
        lines += table(("column", "type", "meaning"), rows)
    lines += ["", "## Exported files", "", joined(paragraphs(export)[1])]
    return page(lines)


def environment() -> str:
    """The README's section, so that there is one text of it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    title = "Environment variables and exit codes"
    found = re.search(rf"^## {title}\n(.*?)(?=^## )", readme, re.M | re.S)
    if found is None:
        raise SystemExit(f"README.md has no section '{title}'")
    return page([f"# {title}", "", found.group(1).strip()])


def built_in(kind: str) -> list[discovery.PluginInfo]:
    """The plug-ins of this distribution."""
    return [info for info in discovery.list_plugins(kind) if info.distribution == DISTRIBUTION]


def page(lines: Iterable[str]) -> str:
    """The whole text of a page, blank lines never doubled."""
    text = "\n".join([MARK, "", *lines]).rstrip() + "\n"
    return re.sub(r"\n{3,}", "\n\n", text)


GENERATED = {
    "cli.md": cli,
    "clauses.md": clauses,
    "environment.md": environment,
    "hooks.md": hooks,
    "matrix.md": matrix,
    "plugins.md": plugins,
    "report-json.md": lambda: page(report_json.lines()),
    "store.md": store,
    **{name: (lambda make=make: page(make())) for name, make in API.items()},
}


def drift() -> list[str]:
    """Names of the pages that differ from the code."""
    names = []
    for name, make in GENERATED.items():
        path = PAGES / name
        if not path.is_file() or path.read_text(encoding="utf-8") != make():
            names.append(f"docs/reference/{name}")
    return names


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description="Writes the reference pages that follow from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page differs")
    if parser.parse_args().check:
        for name in (differing := drift()):
            print(f"{name} differs from the code: run python docs/generate.py", file=sys.stderr)
        return 1 if differing else 0
    for name, make in GENERATED.items():
        (PAGES / name).write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
