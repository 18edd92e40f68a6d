"""A trained model: raw sources in, predictions out, by the code that tests a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.config.settings import DecodingSettings, RunSettings
from harness.contract.batch import Example, ListSplit, Split
from harness.contract.metric import Prediction
from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.contract.specs import InputSpec
from harness.contract.target import Target
from harness.contract.task import TaskData
from harness.errors import DataError, UnknownNameError, UserError
from harness.inference.inputs import check_input

if TYPE_CHECKING:
    import torch

    from harness.nn.network import Network
    from harness.training.evaluate import Evaluation

_SHOWN = 60  # characters of a source in a message


class TrainedModel:
    """What `harness.load` returns.

    Attributes:
        folder: that it was loaded from.
        config: the run that trained it, with its task, its model and every option.
        network: a plain `nn.Module` in eval mode.
        input_spec, target_spec: what goes in and comes out.
        preprocessing: of the task; None: only encoded inputs can be predicted.
        notes: what has changed since training and may change predictions.
    """

    def __init__(
        self,
        folder: Path,
        config: RunSettings,
        network: Network,
        input_spec: InputSpec,
        target_spec: Target,
        preprocessing: Preprocessing | None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.folder, self.config, self.network = folder, config, network
        self.input_spec, self.target_spec = input_spec, target_spec
        self.preprocessing, self.notes = preprocessing, notes

    def __repr__(self) -> str:
        return f"TrainedModel({self.config.model.name} on {self.config.task.name}, {self.folder.name[:12]})"

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return next(self.network.parameters()).device

    def to(self, device: str | torch.device) -> TrainedModel:
        """Move the network; returns this model."""
        self.network.to(device)
        return self

    def encode(self, sources: Sequence[Any]) -> list[np.ndarray]:
        """The network's input of each source, as `Example.input` says.

        Raises:
            UserError: a source cannot be encoded; names it.
        """
        found = []
        for number, source in enumerate(_several(sources)):
            try:
                found.append(self.encode_one(source))
            except DataError as error:
                raise DataError(f"Source {number + 1} of {len(sources)} ({_shown(source)}): {error}") from error
        return found

    def encode_one(self, source: Any) -> np.ndarray:
        """The network's input of one source.

        Raises:
            DataError: it cannot be encoded.
            UserError: no source can, since the task gave no preprocessing.
        """
        needed = self._needed()
        try:
            array = needed.encode(source)
        except UserError as error:
            raise DataError(str(error)) from error
        except (ValueError, TypeError, LookupError, OSError) as error:  # a plug-in that foresaw other sources
            raise DataError(
                f"it cannot be encoded by task '{self.config.task.name}': {type(error).__name__}: {error}."
            ) from error
        return array

    def predict(
        self,
        sources: Sequence[Any],
        *,
        encoded: bool = False,
        seed: int | torch.Generator | None = None,
        **decoding: Any,
    ) -> list[Prediction]:
        """A prediction for each source, in their order.

        Sources form batches as the run's test examples did, by length. For a model of text a source is the beginning
        of one, and the prediction its continuation.

        Args:
            sources: as a user has them (see the task's preprocessing), or arrays.
            encoded: sources are inputs as `encode` returns them.
            seed: of sampled continuations, or the generator that draws them, which is advanced; None: the run's seed.
            decoding: options other than the run's, as in `method="beam", beam_size=8`.

        Raises:
            UserError: a source cannot be encoded, or has not the shape of an input; or there is no such option.
        """
        options = self._decoding(decoding)
        inputs = self._checked(_several(sources)) if encoded else self.encode(sources)
        if not inputs:
            return []
        if self.target_spec.needs.streams:
            return self._continued(inputs, options, self.config.seed if seed is None else seed)
        if self.target_spec.needs.reads == "decoder" and self.target_spec.search_width(options) is None:
            raise UserError(f"Target '{self.target_spec.name}' has no search, so it cannot answer new sources.")
        from harness.training.evaluate import predict

        shape = [size or 1 for size in self.target_spec.layout.shape]
        stand_in = np.zeros(shape, dtype=self.target_spec.layout.dtype)
        examples = [Example(str(number), array, stand_in if shape else 0) for number, array in enumerate(inputs)]
        data = self._data(ListSplit(examples))
        return predict(self.network, self.config.task, data, data.test, options)

    def evaluate(self, examples: Sequence[RawExample], **decoding: Any) -> Evaluation:
        """Predictions for raw examples with known answers, and their scores; a run's test is this on its test split.

        Given the raw examples of the test split (`harness.inference.examples.raw_split`), batches are the run's own,
        and so is every digit on the CPU with as many threads.

        Args:
            examples: as a data set reads them.
            decoding: as for `predict`.

        Raises:
            UserError: an example cannot be encoded; names it.
        """
        from harness.training.evaluate import evaluate

        needed, made = self._needed(), []
        for raw in examples:
            try:
                made.append(needed.example(raw))
            except UserError as error:
                raise DataError(f"Example '{raw.id}': {error}") from error
        data = self._data(ListSplit(made))
        return evaluate(self.network, self.config.task, data, data.test, self._decoding(decoding))

    # -- private -------------------------------------------------------------------------------------

    def _needed(self) -> Preprocessing:
        if self.preprocessing is None:
            raise UserError(
                f"Task '{self.config.task.name}' gave no preprocessing when this model was trained, so raw sources "
                "cannot be encoded. Give inputs as arrays, with encoded=True."
            )
        return self.preprocessing

    def _decoding(self, given: dict[str, Any]) -> DecodingSettings:
        try:
            return replace(self.config.decoding, **given)
        except TypeError:
            known = [field.name for field in fields(DecodingSettings)]
            wrong = next(name for name in given if name not in known)
            raise UnknownNameError(
                "decoding option", wrong, known, "harness.config.settings.DecodingSettings"
            ) from None

    def _checked(self, arrays: Sequence[Any]) -> list[np.ndarray]:
        """Encoded inputs, of the type and shape that the specification says."""
        nothing = np.zeros(0, dtype=np.int64)  # a text that is sampled from its beginning
        return [
            nothing
            if self.target_spec.needs.streams and not len(array)
            else check_input(array, self.input_spec, f"input {n + 1} of {len(arrays)}")
            for n, array in enumerate(arrays)
        ]

    def _data(self, split: Split) -> TaskData:
        return TaskData(split, split, split, self.input_spec, self.target_spec, self.preprocessing)

    def _continued(
        self, prompts: Sequence[np.ndarray], options: DecodingSettings, seed: int | torch.Generator
    ) -> list[Prediction]:
        from harness.training.generate import continuations
        from harness.training.seeding import generator

        random = generator(seed, "sampling") if isinstance(seed, int) else seed
        found = list[list[int]]()
        rows = max(self.config.task.loader.batch_size, options.samples)
        for start in range(0, len(prompts), rows):
            few = [prompt.tolist() for prompt in prompts[start : start + rows]]
            found += continuations(self.network, self.target_spec, few, options, random)
        decode = self._data(ListSplit([])).decode
        return [Prediction(str(number), ids, self.target_spec.text(ids, decode)) for number, ids in enumerate(found)]


def _several(sources: Sequence[Any]) -> Sequence[Any]:
    """Refuse a single source, which as a sequence would be taken to pieces."""
    if isinstance(sources, str | bytes | Path):
        raise UserError(f"Give a list of sources: [{_shown(sources)}].")
    return sources


def _shown(source: Any) -> str:
    if isinstance(source, np.ndarray):
        return f"array of shape {source.shape}"
    if isinstance(source, tuple):
        return f"tuple of {len(source)}"
    text = str(source) if isinstance(source, Path) else repr(source)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
