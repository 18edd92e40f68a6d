"""A model's parameter groups, checked: every trained parameter of encoder and decoder is in exactly one."""

from __future__ import annotations

from collections.abc import Iterator

from harness.contract.model import Decoder, Encoder, Model
from harness.contract.training import ParameterGroup
from harness.errors import PluginError


def parameter_groups(model: Model, encoder: Encoder, decoder: Decoder | None) -> tuple[ParameterGroup, ...]:
    """The groups that a model declares for its encoder and decoder; empty: it declares none.

    Raises:
        PluginError: two groups of one name; a trained parameter in no group or in two; a parameter that is not trained,
            or not the model's.
    """
    groups = tuple(model.parameter_groups(encoder, decoder))
    for problem in _problems(groups, encoder, decoder):
        raise PluginError(
            f"Model '{model.name}', parameter_groups: {problem}. See harness/contract/model.py, class Model."
        )
    return groups


def _problems(groups: tuple[ParameterGroup, ...], encoder: Encoder, decoder: Decoder | None) -> Iterator[str]:
    if not groups:
        return
    seen: set[str] = set()
    known = dict(_named(encoder, decoder))
    owner: dict[int, str] = {}
    for group in groups:
        if group.name in seen:
            yield f"two groups are called '{group.name}'"
        seen.add(group.name)
        for index, parameter in enumerate(group.parameters):
            name, other = known.get(id(parameter)), owner.get(id(parameter))
            if name is None:
                yield f"parameter {index} of group '{group.name}' is no parameter of encoder or decoder"
            if not parameter.requires_grad:
                yield f"group '{group.name}' holds '{name}', which is not trained (requires_grad=False)"
            if other is not None:
                yield f"'{name}' is in group '{other}' and in group '{group.name}'"
            owner[id(parameter)] = group.name
    trained = {id(p) for part in (encoder, decoder) if part is not None for p in part.parameters() if p.requires_grad}
    for key in sorted(trained - set(owner), key=known.__getitem__):
        yield f"'{known[key]}' is in no group; every trained parameter must be in one"


def _named(encoder: Encoder, decoder: Decoder | None) -> Iterator[tuple[int, str]]:
    for prefix, part in (("encoder", encoder), ("decoder", decoder)):
        for name, parameter in part.named_parameters() if part is not None else ():
            yield id(parameter), f"{prefix}.{name}"
