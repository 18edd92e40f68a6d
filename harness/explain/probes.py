"""What the states of a model of text keep track of: linear probes, with a control task and their selectivity.

A probe is a logistic regression from a state (H,) to a property of the text that was read. Its accuracy says little
alone, since a state also tells the last symbol, and many properties follow from that. So it is held against three
others: the property told from the last symbol alone, from the states of the untrained network, and a control task, in
which every symbol was given a label at random. Selectivity is the accuracy less that on the control task.

Source: J. Hewitt and P. Liang, "Designing and Interpreting Probes with Control Tasks", 2019.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.contract.batch import Example, Split
from harness.errors import ConfigError, IncompatibleError, UserError
from harness.explain.examples import data_of
from harness.explain.run_facts import RunFacts, rounded
from harness.explain.text_properties import PROPERTIES, Property
from harness.explain.traces import FEATURES
from harness.inference.folder import find_folder, read_folder
from harness.inference.loading import load
from harness.inference.trained_model import TrainedModel
from harness.nn.network import Network
from harness.training.collate import collate
from harness.training.initial import initial_network
from harness.training.score_stream import stream_symbols

PIECE, LEAD = 256, 64
"""Symbols that are read in one go, and how many of them only lead in, where a piece does not begin its document."""
CONTROLS = 3
"""Control tasks, each with labels of its own."""
FEWEST = 20
"""Places that every class must have, for the probe to be trained and to be tested on."""
_ROWS = 16


@dataclass(frozen=True)
class Probe:
    """Balanced accuracies, the mean over classes of the share that is right; chance is 1 / classes.

    Attributes:
        state: "features", or the name of a state that the model explains.
        of: the property.
        classes: how many it has.
        accuracy: of the probe.
        symbol: of the most likely class of the last symbol read.
        untrained: of a probe on the network before training.
        control: of probes on control tasks, the mean; NaN where no control task has all classes.
    """

    state: str
    of: str
    classes: int
    accuracy: float
    symbol: float
    untrained: float
    control: float

    @property
    def selectivity(self) -> float:
        """Accuracy less that on the control tasks."""
        return self.accuracy - self.control


@dataclass(frozen=True)
class ExplainedProbes:
    """What one model's states keep track of.

    Attributes:
        run: the run.
        trained_on, tested_on: places of the validation and of the test split.
        probes: of every state and property.
        left_out: properties that the text does not have, in sentences.
    """

    run: RunFacts
    trained_on: int
    tested_on: int
    probes: tuple[Probe, ...]
    left_out: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        names = ("accuracy", "symbol", "untrained", "control", "selectivity")
        return {
            **self.run.as_json(),
            "trained_on": self.trained_on,
            "tested_on": self.tested_on,
            "probes": [
                {"state": p.state, "property": p.of, "classes": p.classes}
                | {name: rounded(getattr(p, name)) for name in names}
                for p in self.probes
            ],
            "left_out": list(self.left_out),
        }


@dataclass(frozen=True)
class Places:
    """Places of a split.

    Attributes:
        states: float32 (N, H) by name.
        symbols: int64 (N,), the last symbol read.
        numbers: int64 (N,) by property.
    """

    states: dict[str, np.ndarray]
    symbols: np.ndarray
    numbers: dict[str, np.ndarray]


def explain_probes(run: str | Path, *, places: int = 8000) -> ExplainedProbes:
    """What the states of a finished run's model of text keep track of; its data is prepared again.

    Probes are trained on the validation split and tested on the test split; neither was trained on.

    Args:
        run: as for `harness.load`.
        places: of each split, at most, evenly spaced pieces of text.

    Raises:
        ConfigError: too few places.
        IncompatibleError: the run's model is not one of text.
        UserError: as for `harness.load`; the data is missing or has changed; its text has none of the properties.
    """
    if places < 10 * FEWEST:
        raise ConfigError(f"places={places}: must be at least {10 * FEWEST}.")
    folder = read_folder(find_folder(run))
    with torch.random.fork_rng(devices=[]):  # building a network draws from torch's global generator
        model = load(folder.path)
        if not model.target_spec.needs.streams or model.preprocessing is None:
            raise IncompatibleError(
                f"Probes ask for quotations, lines and sentences, and the examples of task '{model.config.task.name}' "
                "are no documents of text. Probe a run of task=text_generation."
            )
        data = data_of(model)
        start = initial_network(model.config, data).eval()
    texts = symbol_texts(model)
    found = [places_of(model.network, split, model, texts, places) for split in (data.val, data.test)]
    before = [places_of(start, split, model, texts, places) for split in (data.val, data.test)]
    made, left_out = list[Probe](), list[str]()
    for one in PROPERTIES:
        labels = labels_of(one, *(each.numbers[one.name] for each in found))
        if labels is None:
            left_out.append(f"'{one.name}' is left out: a class of it has fewer than {FEWEST} places in a split.")
            continue
        made += [_probe(one, name, found, before, labels) for name in found[0].states]
    if not made:
        raise UserError(f"The text of task '{model.config.task.name}' has no quotations, lines or sentences to probe.")
    made.sort(key=lambda probe: list(found[0].states).index(probe.state))
    facts = RunFacts.of(folder.specs["key"], model.config)
    return ExplainedProbes(facts, len(found[0].symbols), len(found[1].symbols), tuple(made), tuple(left_out))


def symbol_texts(model: TrainedModel) -> list[str]:
    """The text of every symbol of a model of text; empty for those that stand for nothing."""
    words, decode = model.target_spec.vocabulary, model.preprocessing
    assert words is not None
    assert decode is not None
    return ["" if number in words.special else decode.decode([number]) for number in range(words.size)]


@torch.no_grad()
def places_of(network: Network, split: Split, model: TrainedModel, texts: Sequence[str], most: int) -> Places:
    """States and properties at places of a split, evenly spaced pieces of its documents.

    Args:
        network: whose states they are: of the model, or the one that training began with.
        split: of the run's data.
        model: of the run.
        texts: of every symbol.
        most: how many places, about.
    """
    begin, _ = stream_symbols(model.target_spec)
    documents = [np.asarray(split[i].target, dtype=np.int64) for i in range(len(split))]
    pieces = [(d, at) for d, symbols in enumerate(documents) for at in range(0, len(symbols) - 1, PIECE - LEAD)]
    wanted = max(1, min(len(pieces), round(most / (PIECE - LEAD))))
    chosen = [pieces[i] for i in np.unique(np.linspace(0, len(pieces) - 1, wanted).round().astype(int))]
    numbers = {d: {one.name: one.of([texts[s] for s in documents[d]]) for one in PROPERTIES} for d, _ in chosen}
    states, symbols, found = dict[str, list[np.ndarray]](), list[np.ndarray](), dict[str, list[np.ndarray]]()
    for first in range(0, len(chosen), _ROWS):
        few = chosen[first : first + _ROWS]
        batch = collate([_example(documents[d], at, begin) for d, at in few], model.input_spec, model.target_spec)
        encoded = network.explain(batch.inputs, batch.input_lengths)
        shown = {name: value for name, value in (encoded.explain or {}).items()
                 if value.ndim == 3 and "gate" not in name and "attention" not in name}  # fmt: skip
        for row, (d, at) in enumerate(few):
            # The state at j has read the document's symbols up to at + j - 1.
            steps = np.arange(LEAD if at else 1, int(batch.input_lengths[row]))
            for name, value in {FEATURES: encoded.features, **shown}.items():
                states.setdefault(name, []).append(value[row].float().numpy()[steps])
            symbols.append(documents[d][at + steps - 1])
            for name, values in numbers[d].items():
                found.setdefault(name, []).append(values[at + steps - 1])
    joined = {name: np.concatenate(parts) for name, parts in states.items()}
    return Places(joined, np.concatenate(symbols), {name: np.concatenate(parts) for name, parts in found.items()})


def _example(symbols: np.ndarray, at: int, begin: int) -> Example:
    piece = symbols[at : at + PIECE]
    return Example(str(at), np.concatenate([[symbols[at - 1] if at else begin], piece[:-1]]), piece)


def labels_of(one: Property, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Classes from 0 on of two splits' numbers; None where one has too few places."""
    if one.parts is not None:
        cuts = np.unique(np.quantile(train, np.arange(1, one.parts) / one.parts))
        train, test = (np.searchsorted(cuts, numbers, side="left") for numbers in (train, test))
    classes = int(max(train.max(initial=0), test.max(initial=0))) + 1
    counts = [np.bincount(labels, minlength=classes) for labels in (train, test)]
    return None if classes < 2 or min(count.min() for count in counts) < FEWEST else (train, test)


def _probe(
    one: Property, state: str, found: Sequence[Places], before: Sequence[Places], labels: tuple[np.ndarray, np.ndarray]
) -> Probe:
    classes = int(labels[0].max()) + 1
    train, test = (each.states[state] for each in found)
    symbols, tested = (each.symbols for each in found)
    start, start_test = (each.states[state] for each in before)
    return Probe(
        state,
        one.name,
        classes,
        probe_accuracy(train, test, *labels),
        symbol_accuracy(symbols, tested, *labels),
        probe_accuracy(start, start_test, *labels),
        control_accuracy(train, test, symbols, tested, labels[0]),
    )


def probe_accuracy(train: np.ndarray, test: np.ndarray, labels: np.ndarray, right: np.ndarray) -> float:
    """Balanced accuracy on states `test` (N, H) of a logistic regression that learnt `labels` of states `train`.

    States are standardised, and classes weigh the same; L2 regularisation is scikit-learn's default (C = 1).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score

    mean, spread = train.mean(0), train.std(0) + 1e-8
    with warnings.catch_warnings():  # that a hundred iterations do not reach the optimum to the last digit
        warnings.simplefilter("ignore")
        regression = LogisticRegression(class_weight="balanced", max_iter=100, tol=1e-3)
        regression.fit((train - mean) / spread, labels)
        return float(balanced_accuracy_score(right, regression.predict((test - mean) / spread)))


def symbol_accuracy(train: np.ndarray, test: np.ndarray, labels: np.ndarray, right: np.ndarray) -> float:
    """Balanced accuracy of the class that is most likely given the last symbol (N,), classes weighing the same."""
    from sklearn.metrics import balanced_accuracy_score

    classes = int(labels.max()) + 1
    counts = np.zeros((int(max(train.max(), test.max())) + 1, classes))
    np.add.at(counts, (train, labels), 1.0)
    shares = counts / counts.sum(0)
    with warnings.catch_warnings():  # that a class was answered which the test places lack
        warnings.simplefilter("ignore")
        return float(balanced_accuracy_score(right, shares.argmax(1)[test]))


def control_accuracy(
    train: np.ndarray, test: np.ndarray, symbols: np.ndarray, tested: np.ndarray, labels: np.ndarray
) -> float:
    """Mean balanced accuracy on control tasks: each symbol has one label, drawn as labels are distributed."""
    classes = int(labels.max()) + 1
    shares = np.bincount(labels, minlength=classes) / len(labels)
    random, found = np.random.default_rng(0), list[float]()
    for _ in range(50 * CONTROLS):
        drawn = random.choice(classes, size=int(max(symbols.max(), tested.max())) + 1, p=shares)
        given, wanted = drawn[symbols], drawn[tested]
        if min(np.bincount(part, minlength=classes).min() for part in (given, wanted)) >= FEWEST:
            found.append(probe_accuracy(train, test, given, wanted))
        if len(found) == CONTROLS:
            break
    return sum(found) / len(found) if found else math.nan
