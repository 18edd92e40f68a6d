"""`harness.load`: a trained model from its run's folder, without its data, the data cache or the network."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.plain import as_plain
from harness.config.settings import RunSettings
from harness.config.typed import settings_from_plain
from harness.contract.preprocessing import Preprocessing
from harness.contract.specs import InputSpec
from harness.contract.target import Target
from harness.errors import DataError, PluginError, UnknownNameError, UserError
from harness.inference.folder import ModelFolder, find_folder, read_folder
from harness.inference.trained_model import TrainedModel
from harness.registry.discovery import registry
from harness.registry.engine_code import plugin_digest
from harness.training.specifications import input_from_plain, target_from_plain

if TYPE_CHECKING:
    import torch

    from harness.nn.network import Network


def load(
    run: str | Path, *, device: str | torch.device = "cpu", options: Mapping[str, Any] | None = None
) -> TrainedModel:
    """A trained model.

    It warns where a plug-in's source has changed since training; it refuses only where the weights no longer fit.

    Args:
        run: the beginning of a finished run's key in the results store, or its folder, wherever that has been moved.
        device: where the network computes.
        options: of the run, where they must differ: {"model.vectors": "here/glove.txt"} for a file that a model reads
            and that has moved, {"task.loader.batch_size": 8} for smaller batches.

    Raises:
        UserError: no such run or folder, an unfinished run, a baseline, a damaged file, a plug-in that is not
            installed or no longer makes this network, or an option that does not exist.
    """
    folder = read_folder(find_folder(run))
    try:
        settings = settings_from_plain(_with_options(folder.config, options or {}))
    except (KeyError, TypeError) as error:
        raise DataError(f"{folder.path / 'config.json'} is no run's configuration ({error!r}).") from error
    notes = changed_since(folder, settings)
    for note in notes:
        warnings.warn(note, stacklevel=2)
    try:
        inputs = input_from_plain(folder.specs["input"])
        target = target_from_plain(folder.specs["target"], settings.task.target_type)
    except DataError as error:
        raise DataError(
            f"{folder.path / 'specs.json'} does not fit the plug-ins that are installed: {error}."
        ) from error
    network = _network(folder, settings, inputs, target)
    return TrainedModel(
        folder.path, settings, network.to(device), inputs, target, _preprocessing(folder, settings), tuple(notes)
    )


def _with_options(config: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """A run's plain configuration with other values.

    Raises:
        UnknownNameError: there is no such option.
    """
    changed = copy.deepcopy(config)
    for name, value in options.items():
        *parts, last = name.split(".")
        section: Any = changed
        for number, part in enumerate([*parts, last]):
            if not isinstance(section, dict) or part not in section:
                known = [".".join([*parts[:number], inner]) for inner in section] if isinstance(section, dict) else []
                raise UnknownNameError("option", name, known, "the run's configuration")
            if number < len(parts):
                section = section[part]
        section[last] = as_plain(value)
    return changed


def changed_since(folder: ModelFolder, settings: RunSettings) -> list[str]:
    """What is to be said of plug-ins whose source is not the one that the model was trained with."""
    task, model = settings.task, settings.model
    modules = {
        "task": registry().info("task", task.name).module,
        "target": task.target_type.__module__,
        "model": registry().info("model", model.name).module,
    }
    dataset = getattr(task, "dataset", None)
    if dataset is not None:
        modules["dataset"] = registry().info("dataset", f"{task.name}.{dataset.name}").module
    trained = folder.specs.get("plugins", {}).get("plugin_digests", {})
    changed = [
        f"{kind} ({module})"
        for kind, module in modules.items()
        if kind in trained and plugin_digest(module) != trained[kind]
    ]
    if not changed:
        return []
    return [
        f"The source of {', '.join(changed)} has changed since run {folder.specs['key'][:12]} was trained; its "
        "predictions may differ from those stored."
    ]


def _network(folder: ModelFolder, settings: RunSettings, inputs: InputSpec, target: Target) -> Network:
    """The network with its weights, on the CPU and in eval mode.

    Raises:
        UserError: the weights do not fit what the plug-ins make now, or a file that the model reads is missing.
    """
    from safetensors import SafetensorError

    from harness.nn.network import Network
    from harness.nn.saved_weights import load_weights

    for source in settings.model.sources():
        source.fetch()
    network = Network(settings.model, settings.task.signature, inputs, target, settings.trainer)
    try:
        missing, unexpected = load_weights(network, folder.weights)
    except (SafetensorError, RuntimeError, OSError) as error:
        raise UserError(_unfit(folder, settings, str(error).strip().splitlines()[-1].strip())) from error
    if missing or unexpected:
        words = [f"{what} {', '.join(sorted(names)[:3])}" for what, names in
                 (("missing:", missing), ("too many:", unexpected)) if names]  # fmt: skip
        raise UserError(_unfit(folder, settings, "; ".join(words)))
    return network.eval()


def _unfit(folder: ModelFolder, settings: RunSettings, why: str) -> str:
    return (
        f"The weights of run {folder.specs['key'][:12]} do not fit the network that model '{settings.model.name}' "
        f"makes now ({why}). Install the release of its plug-in that trained it: "
        f"{folder.specs.get('plugins', {}).get('model_version', 'not recorded')}."
    )


def _preprocessing(folder: ModelFolder, settings: RunSettings) -> Preprocessing | None:
    place = folder.preprocessing
    if place is None:
        return None
    try:
        found = settings.task.load_preprocessing(place)
    except UserError:
        raise
    except Exception as error:
        raise DataError(
            f"Task '{settings.task.name}' cannot rebuild its preprocessing from {place}: {type(error).__name__}: "
            f"{error}."
        ) from error
    if found is None:
        raise PluginError(
            f"Task '{settings.task.name}' wrote a preprocessing and its 'load_preprocessing' returns None. See "
            "harness/contract/task.py, Task.load_preprocessing."
        )
    return found
