"""Which parts of Lightning a configuration may name: callbacks, a profiler, loggers, a strategy.

A part is a class, by its name in Lightning ("DeviceStatsMonitor") or by its path in an installed package
("my_package.callbacks.Probe"), with the arguments of its constructor. Names are checked here, before anything is
imported; `harness.training.parts` builds the objects.

    trainer.callbacks=[DeviceStatsMonitor]
    trainer.callbacks={LearningRateMonitor: {logging_interval: step}}
    trainer.callbacks=[{EarlyStopping: {monitor: val/loss}}, my_package.callbacks.Probe]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.contract.options import option
from harness.errors import ConfigError, UnknownNameError

_CHECKPOINTS = (
    "the harness writes best.ckpt and last.ckpt itself: set trainer.validations, trainer.val_every or "
    "trainer.checkpoint_every_s"
)
_EPOCHS = "it acts at the ends of Lightning's epochs, and a run is one endless epoch"
_ABSTRACT = "it is a base class: name a class of your own that derives from it, by its path (package.module.Class)"
_FUNCTIONS = "its arguments are functions: write a callback class and name it by its path (package.module.Class)"
_DISPLAY = "'harness run' draws the progress itself"

CALLBACKS: dict[str, str] = {
    "BackboneFinetuning": _EPOCHS,
    "BaseFinetuning": _ABSTRACT,
    "BasePredictionWriter": "the harness writes the predictions of every run itself (predictions.jsonl)",
    "BatchSizeFinder": "batches belong to the task, the same for every model: set task.loader",
    "Callback": _ABSTRACT,
    "Checkpoint": _CHECKPOINTS,
    "DeviceStatsMonitor": "",
    "EMAWeightAveraging": "",
    "EarlyStopping": "",
    "GradientAccumulationScheduler": "batches belong to the task, the same for every model: set task.loader",
    "LambdaCallback": _FUNCTIONS,
    "LearningRateFinder": "'harness tune' searches for the learning rate",
    "LearningRateMonitor": "",
    "ModelCheckpoint": _CHECKPOINTS,
    "ModelPruning": _EPOCHS,
    "ModelSummary": "",
    "OnExceptionCheckpoint": _CHECKPOINTS,
    "ProgressBar": _DISPLAY,
    "RichModelSummary": "it prints on standard output, which belongs to the results: name ModelSummary, which logs",
    "RichProgressBar": _DISPLAY,
    "SpikeDetection": "Lightning 2.6 cannot restore its state, so an interrupted run could not resume",
    "StochasticWeightAveraging": f"{_EPOCHS}; EMAWeightAveraging and WeightAveraging average from step to step",
    "TQDMProgressBar": _DISPLAY,
    "ThroughputMonitor": f"{_FUNCTIONS}; the harness measures throughput itself",
    "Timer": "",
    "WeightAveraging": "",
}
"""Lightning's callbacks: why each is refused; empty for those that work."""

PROFILERS: dict[str, str] = {
    "AdvancedProfiler": "",
    "PassThroughProfiler": "it does nothing: leave trainer.profiler at null",
    "Profiler": _ABSTRACT,
    "PyTorchProfiler": "",
    "SimpleProfiler": "",
    "XLAProfiler": "there is no TPU here",
}
"""Lightning's profilers, likewise."""

LOGGERS: dict[str, str] = {
    "CSVLogger": "",
    "CometLogger": "",
    "LitLogger": "",
    "Logger": _ABSTRACT,
    "MLFlowLogger": "",
    "TensorBoardLogger": "",
    "WandbLogger": "",
}
"""Lightning's loggers, likewise."""

PROFILER_NAMES = {"simple": "SimpleProfiler", "advanced": "AdvancedProfiler", "pytorch": "PyTorchProfiler"}
"""Short names of profilers, as Lightning's own trainer takes them."""

LOGGER_NAMES = ("tensorboard", "mlflow", "wandb", "csv")
"""Loggers that the harness sets up by itself (see `harness.training.loggers`)."""

STRATEGIES = ("auto", "single_device")
"""Strategies of a run on one device."""

SEVERAL_DEVICES = ("ddp", "deepspeed", "fsdp", "model_parallel", "xla")
"""Prefixes of the names of Lightning's strategies for several devices."""


@dataclass(frozen=True)
class LightningSettings:
    """The parts of Lightning that take part in a run (docs/how-to/lightning.md)."""

    callbacks: Any = option(
        None,
        begins=tuple(name for name, refused in CALLBACKS.items() if not refused),
        listed=True,
        help="Lightning's callbacks or your own, a list or names with arguments: [DeviceStatsMonitor], "
        "{EarlyStopping:{monitor:val/loss}}",
    )
    profiler: Any = option(
        None,
        in_key=False,
        begins=tuple(PROFILER_NAMES),
        listed=True,
        help="simple, advanced or pytorch, or a profiler's class with arguments: writes a profile of training into the "
        "run's folder",
    )
    strategy: str = option(
        "auto", in_key=False, begins=STRATEGIES, help='"auto" or "single_device"; several devices are not supported yet'
    )
    devices: Any = option(1, in_key=False, help="1; several devices are not supported yet")

    def __post_init__(self) -> None:
        for name in ("callbacks", "profiler"):
            parts = plain_parts(parts_of(getattr(self, name), f"trainer.{name}"))
            object.__setattr__(self, name, tuple(parts) or None)

    @property
    def one_step_a_call(self) -> bool:
        """Whether anything observes single steps, so that Lightning must get one batch at a time."""
        return bool(self.callbacks or self.profiler)


@dataclass(frozen=True)
class Part:
    """A callback, profiler or logger class and the arguments of its constructor.

    Attributes:
        name: its name in Lightning, or the path of a class in an installed package.
        arguments: by keyword.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """The module of a class named by its path; empty for Lightning's own."""
        return self.name.rpartition(".")[0]


def parts_of(given: Any, name: str) -> list[Part]:
    """The parts that an option names: `Name`, `[Name, ...]`, `{Name: {argument: value}}`, or a list of both.

    Raises:
        ConfigError: the value has another form.
    """
    items = given if isinstance(given, list | tuple) else [] if given is None else [given]
    return [part for item in items for part in _parts_of(item, given, name)]


def plain_parts(parts: list[Part]) -> list[Any]:
    """The parts as plain data, in the canonical form that a run's configuration holds."""
    return [{part.name: part.arguments} if part.arguments else part.name for part in parts]


def _parts_of(item: Any, given: Any, name: str) -> list[Part]:
    if isinstance(item, str) and item:
        return [Part(item)]
    if isinstance(item, Mapping) and item:
        pairs = [(key, {} if arguments is None else arguments) for key, arguments in item.items()]
        if all(isinstance(key, str) and isinstance(arguments, Mapping) for key, arguments in pairs):
            return [Part(key, {str(k): v for k, v in arguments.items()}) for key, arguments in pairs]
    raise ConfigError(
        f"{name}={given!r} is not understood: write one name, a list, or names with arguments: "
        f"{name}=[Name,{{Name:{{argument:value}}}}]; null for none."
    )


def check_lightning(settings: LightningSettings) -> None:
    """Refuse what cannot work, before anything is trained. Imports nothing.

    Raises:
        UnknownNameError: Lightning has no such callback, profiler or strategy.
        ConfigError: a part is refused, or more than one device is asked for.
    """
    for part in parts_of(settings.callbacks, "trainer.callbacks"):
        check_name(part, CALLBACKS, "callback")
    profilers = parts_of(settings.profiler, "trainer.profiler")
    if len(profilers) > 1:
        raise ConfigError(f"trainer.profiler={settings.profiler!r} names several; a run has one profiler.")
    for part in profilers:
        check_name(part, PROFILERS, "profiler", short=tuple(PROFILER_NAMES))
    check_devices(settings)


def check_name(part: Part, known: Mapping[str, str], kind: str, short: tuple[str, ...] = ()) -> None:
    """Refuse a part that Lightning does not have or that cannot work here.

    Args:
        part: as named in the configuration; a path in an installed package is accepted as it is.
        known: why each of Lightning's classes is refused; empty for those that work.
        kind: "callback", "profiler" or "logger".
        short: additional names.

    Raises:
        UnknownNameError: neither Lightning's nor a path. ConfigError: the part is refused.
    """
    if part.module or part.name in short:
        return
    if part.name not in known:
        working = [*short, *(name for name, reason in known.items() if not reason)]
        where = "Lightning; a class of your own is named by its path: package.module.Class"
        raise UnknownNameError(kind, part.name, working, where)
    if known[part.name]:
        raise ConfigError(f"The {kind} {part.name} cannot take part in a run: {known[part.name]}.")


def check_devices(settings: LightningSettings) -> None:
    """Refuse more than one device.

    Raises:
        UnknownNameError: Lightning has no such strategy. ConfigError: it takes several devices.
    """
    strategy, devices = settings.strategy, settings.devices
    if strategy not in STRATEGIES:
        if not strategy.startswith(SEVERAL_DEVICES):
            raise UnknownNameError("strategy", strategy, STRATEGIES, "the strategies of a run on one device")
        raise ConfigError(
            f"trainer.strategy={strategy} is for several devices, which are refused until runs on them are proved to "
            "give the same results as on one; set trainer.strategy=auto."
        )
    if devices not in (1, "1"):
        raise ConfigError(
            f"trainer.devices={devices} is refused until runs on several devices are proved to give the same "
            "results as on one; set trainer.devices=1."
        )
