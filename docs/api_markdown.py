"""Modules, classes and functions as Markdown, from signatures and docstrings, for docs/api_pages.py.

Docstrings have sections as this project writes them: "Attributes:", "Fields:", "Class variables:", "Args:", "Returns:",
"Raises:". A list of names ("val_pairs, test_pairs: how many") explains each of them.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from markdown_parts import code, joined, phrase, table

from harness.contract.options import meaning
from harness.contract.source import Source

SECTION = re.compile(r"^(Fields|Attributes|Class variables|Args|Returns|Raises)\b[^\n:]*:\n", re.M)
FIELDS = ("Class variables", "Attributes", "Fields")


def found(name: str) -> Any:
    """The module, or the class or function of a module, of that dotted name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        return getattr(importlib.import_module(module), attribute)


def entry(name: str, level: int = 3) -> Iterator[str]:
    """The lines of a module with its public members, or of a class."""
    item = found(name)
    if isinstance(item, ModuleType):
        yield from module_lines(item, level)
    elif inspect.isfunction(item):
        yield from ("", f"{'#' * level} {name}", "", *function_lines(item.__name__, item))
    else:
        yield from class_lines(item, level, name.rpartition(".")[0])


# -- modules -----------------------------------------------------------------------------------------


def module_lines(module: ModuleType, level: int) -> Iterator[str]:
    """Its docstring, constants, functions and classes, in the order of the source."""
    yield from ("", f"{'#' * level} {module.__name__}", "", *prose(inspect.getdoc(module) or ""))
    yield from table(("constant", "value", "meaning"), constants(module))
    functions = [item for item in members(module) if inspect.isfunction(item)]
    yield from ("",) if functions else ()
    for function in functions:
        yield from function_lines(function.__name__, function)
    for item in members(module):
        if inspect.isclass(item):
            yield from class_lines(item, level + 1)


def members(module: ModuleType) -> list[Any]:
    """Public functions and classes that a module defines (or names in `__all__`)."""
    names = getattr(module, "__all__", None) or list(vars(module))
    items = [getattr(module, name) for name in names if not name.startswith("_")]
    own = [i for i in items if getattr(i, "__module__", "") == module.__name__ or hasattr(module, "__all__")]
    return [item for item in own if inspect.isfunction(item) or inspect.isclass(item)]


def constants(module: ModuleType) -> Iterator[tuple[str, str, str]]:
    """(name, value, meaning) of names in capitals, and of aliases of types, that have a docstring of their own."""
    tree = ast.parse(inspect.getsource(module))
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        told = after.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else None
        if isinstance(target, ast.Name) and not target.id.startswith("_") and (told or target.id.isupper()):
            written = ast.unparse(node.value) if node.value else ""
            value = plain_type(written) if 0 < len(written) <= 60 else ""
            if not written.startswith("Metric(") and written not in ("bleu()", "chrf()"):  # metrics have their table
                yield code(target.id), value, phrase(str(told.value)) if told else ""


# -- classes -----------------------------------------------------------------------------------------


def class_lines(cls: type, level: int, module: str = "") -> Iterator[str]:
    """Where it is imported from (the module of its own, where none is given), its text, its fields, its methods."""
    yield from ("", f"{'#' * level} {cls.__name__}", "", where(cls, module or cls.__module__))
    text = inspect.cleandoc(cls.__doc__ or "")
    yield from ("", *prose(text))
    signature = constructor(cls)
    yield from ("", f"Made by {code(signature)}.", *arguments(text)) if signature else ()
    said = field_meanings(cls)
    yield from table(("attribute", "type", "default", "meaning"), fields(cls, said))
    members = {name: member for name, member in vars(cls).items() if name not in made_of(cls) and is_new(cls, name)}
    lines = [line for name, member in members.items() for line in member_lines(name, member)]
    yield from ("", *lines) if lines else ()


def made_of(cls: type) -> set[str]:
    """Names of the fields of a dataclass or tuple."""
    return set(getattr(cls, "__dataclass_fields__", getattr(cls, "_fields", ())))


def is_new(cls: type, name: str) -> bool:
    """Whether a member is no more than what a base class of ours promises already."""
    bases = [base for base in cls.__mro__[1:] if base.__module__.startswith("harness")]
    return not any(name in vars(base) and not base.__name__.startswith("_") for base in bases)


def where(cls: type, module: str) -> str:
    """The module, and the base classes that are ours."""
    import harness

    module = "harness" if cls.__name__ in harness.__all__ else module
    bases = [b.__name__ for b in cls.__bases__ if b.__module__.startswith("harness") and not b.__name__.startswith("_")]
    return f"From {code(module)}." + (f" Derives from {', '.join(map(code, bases))}." if bases else "")


def constructor(cls: type) -> str:
    """The call that makes one, where it is no dataclass and no tuple: those are made of their fields."""
    made = vars(cls).get("__init__")
    if dataclasses.is_dataclass(cls) or not inspect.isfunction(made) or "_is_protocol" in vars(cls):
        return ""
    return signature_of(cls.__name__, made).partition(" -> ")[0]


def field_meanings(cls: type) -> dict[str, str]:
    """What its docstring, or else that of a base class, says of each attribute; and what options say themselves."""
    found = {name: phrase(inspect.getdoc(member) or "") for name, member in vars(Source).items()}
    for owner in reversed(cls.__mro__):
        text = inspect.cleandoc(vars(owner).get("__doc__") or "")
        found |= {name: told for title in FIELDS for name, told in entries(text, title)}
    if dataclasses.is_dataclass(cls):
        found |= {f.name: phrase(meaning(f).help) for f in dataclasses.fields(cls) if meaning(f).help}
    return found


def fields(cls: type, said: dict[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """(name, type, default, meaning) of its own public attributes."""
    made = {f.name: f for f in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else {}
    given = getattr(cls, "_field_defaults", {})
    annotated = dict(inspect.get_annotations(cls))
    own = {name for title in FIELDS for name, _ in entries(inspect.cleandoc(cls.__doc__ or ""), title)}
    for name in [*annotated, *(n for n in said if n in own and n not in annotated)]:
        if name.startswith("_") or isinstance(vars(cls).get(name), property):
            continue
        written = annotated.get(name, "")
        written = str(getattr(written, "__forward_arg__", written))  # a named tuple's
        kind, default = plain_type(written), given.get(name, inspect.Parameter.empty)
        if "ClassVar" in written:
            kind += ", of the class"
            default = vars(cls).get(name, default)
        yield code(name), kind, default_of(made.get(name), default), said.get(name, "")


def default_of(made: dataclasses.Field[Any] | None, given: Any) -> str:
    """A default as Python writes it; empty where there is none."""
    if made is not None and made.default_factory is not dataclasses.MISSING:
        factory: Any = made.default_factory
        short = {list: "[]", dict: "{}"}.get(factory, f"{getattr(factory, '__name__', '')}()")
        return code(short) if inspect.isclass(factory) else ""
    value = given if made is None else made.default
    if value in (inspect.Parameter.empty, dataclasses.MISSING):
        return ""
    if inspect.isclass(value) or inspect.isroutine(value):
        return code(value.__name__)
    text = repr(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        other = [f for f in dataclasses.fields(value) if getattr(value, f.name) != f.default]
        text = f"{type(value).__name__}({', '.join(f'{f.name}={getattr(value, f.name)!r}' for f in other)})"
    return code(text) if len(text) <= 60 else ""


def plain_type(text: str) -> str:
    """A type without ClassVar and bars, which would end a table's cell."""
    inner = re.sub(r"^ClassVar\[(.*)\]$", r"\1", text)
    return code(inner.replace(" | ", " or ")) if inner else ""


def member_lines(name: str, member: Any) -> Iterator[str]:
    """A public method or property that has a docstring."""
    if name.startswith("_") and name != "__call__":
        return
    if isinstance(member, property) and member.fget is not None:
        kind = inspect.get_annotations(member.fget).get("return", "")
        yield from told(f"{name}: {kind}", member.fget, abstract(member))
    elif isinstance(member, classmethod | staticmethod):
        yield from function_lines(name, member.__func__, "on the class" + (f", {a}" if (a := abstract(member)) else ""))
    elif inspect.isfunction(member):
        yield from function_lines(name, member, abstract(member))


def abstract(member: Any) -> str:
    """The mark of what a subclass must bring."""
    return "must be written" if getattr(member, "__isabstractmethod__", False) else ""


# -- functions ---------------------------------------------------------------------------------------


def function_lines(name: str, function: Any, mark: str = "") -> Iterator[str]:
    """A function as one item of a list."""
    yield from told(signature_of(name, function), function, mark)


def signature_of(name: str, function: Any) -> str:
    """The call with its types, on one line."""
    parts, star = [], False
    given = inspect.signature(inspect.unwrap(function))
    for parameter in given.parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        star = star or parameter.kind is parameter.VAR_POSITIONAL
        text = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "") + parameter.name
        text += f": {parameter.annotation}" if parameter.annotation is not parameter.empty else ""
        text += f" = {value(parameter.default)}" if parameter.default is not parameter.empty else ""
        parts.append(text)
    end = "" if given.return_annotation in (given.empty, "None") else f" -> {given.return_annotation}"
    return f"{name}({', '.join(parts)}){end}"


def value(default: Any) -> str:
    """A default in a signature; what has no short spelling is left out."""
    text = repr(default)
    return "..." if " at 0x" in text or len(text) > 40 else text


def told(signature: str, function: Any, mark: str) -> Iterator[str]:
    """An item: the signature, what it does, and its arguments and errors below."""
    text = inspect.getdoc(function) or ""
    if not text:
        return
    whole = " ".join(joined(part).removesuffix(".") + "." for part in paragraphs(text))
    yield f"- **{code(signature)}**{f' ({mark})' if mark else ''}: {whole}"
    yield from arguments(text, "    ")


def arguments(text: str, indent: str = "") -> Iterator[str]:
    """Arguments, what is returned, errors: one item each."""
    if indent == "" and entries(text, "Args"):
        yield ""
    for name, told_of in entries(text, "Args"):
        yield f"{indent}- {code(name)}: {told_of}"
    returned = sections(text).get("Returns")
    if returned:
        yield f"{indent}- Returns {joined(returned)}"
    for name, told_of in entries(text, "Raises"):
        yield f"{indent}- Raises {code(name)}: {told_of}"


# -- docstrings --------------------------------------------------------------------------------------


def sections(text: str) -> dict[str, str]:
    """The body of each section by its title; the prose before, between and after them under ""."""
    rest, bodies = [], {}
    pieces = SECTION.split(text)
    rest.append(pieces[0])
    for title, body in zip(pieces[1::2], pieces[2::2], strict=True):
        inside = re.match(r"(?: {4}.*\n?|\n(?= {4}))*", body)
        assert inside is not None
        bodies[title] = inspect.cleandoc(inside[0])
        rest.append(body[inside.end() :])
    bodies[""] = "\n".join(rest).strip("\n")
    return bodies


def entries(text: str, title: str) -> list[tuple[str, str]]:
    """(name, meaning) of each name in a section."""
    body = sections(text).get(title, "")
    pieces = re.split(r"^(?=[*\w][\w*, .]*: )", body, flags=re.M)
    made = []
    for piece in filter(None, pieces):
        names, _, told_of = piece.partition(": ")
        made += [(name.strip(), phrase(told_of)) for name in names.split(", ")]
    return made


def paragraphs(text: str) -> list[str]:
    """The prose of a docstring."""
    return [part for part in sections(text)[""].split("\n\n") if part.strip()]


def prose(text: str) -> list[str]:
    """The prose as it is written: lists stay lists, indented examples stay code."""
    return sections(text)[""].strip("\n").split("\n")
