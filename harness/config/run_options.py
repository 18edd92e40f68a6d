"""The options of a run besides its task and its model, section by section. Imports neither torch nor a contract.

A new option is one field here, made with `option`: its default, its type and its meaning stand together, and help,
reference, completion, key and report follow from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from harness.config.lightning import LOGGER_NAMES, LightningSettings
from harness.contract.options import option

SOFTMAX = ("full", "adaptive", "sampled")
"""What `trainer.softmax` may be."""


@dataclass(frozen=True)
class Section:
    """Base of the sections of a configuration: frozen, with lists as tuples."""

    def __post_init__(self) -> None:
        for item in fields(self):
            if isinstance(value := getattr(self, item.name), list):
                object.__setattr__(self, item.name, tuple(value))


@dataclass(frozen=True)
class OptimizerSettings(Section):
    """AdamW with linear warm-up and cosine decay over the run's budget."""

    lr: float = option(2e-3, at_least=0, help="peak learning rate")
    weight_decay: float = option(0.01, at_least=0, help="decoupled, on matrices only")
    betas: tuple[float, ...] = option((0.9, 0.98), at_least=0, below=1, help="Adam's decay rates")
    warmup: float = option(0.05, at_least=0, at_most=1, help="fraction of the budget spent warming up")
    schedule: str = option("cosine", choices=("cosine", "constant"), help='"cosine" (to 1 % of the peak) or "constant"')
    clip: float = option(1.0, at_least=0, help="largest global gradient norm; 0: no clipping")
    label_smoothing: float = option(0.0, at_least=0, below=1, help="for training losses that are cross-entropies")


@dataclass(frozen=True)
class TrainerSettings(LightningSettings, Section):
    """How a run is executed."""

    precision: str = option(
        "fp32",
        condition=True,
        choices=("fp32", "bf16", "auto"),
        single_run=("auto",),
        short="precision",
        listed=True,
        help="fp32, bf16 (autocast while training; evaluation is always fp32), or for one run auto, which checks "
        "whether bf16 may be used",
    )
    device: str = option("auto", choices=("auto", "cpu", "cuda"), help='"auto", "cpu" or "cuda"')
    threads: int | None = option(
        None,
        in_key=False,
        at_least=1,
        help="intra-op threads; None: OMP_NUM_THREADS where it is set, else all cores; 1 for a run of a sweep",
    )
    val_every: int | None = option(
        None, at_least=1, help="steps between validations; None: `validations` evenly spaced over the budget"
    )
    validations: int = option(8, at_least=1, help="number of validations in a run if `val_every` is None")
    final_split: str = option(
        "test",
        condition=True,
        choices=("test", "val"),
        help='"test", evaluated once at the end; "val" for trials of a search, which must not see test data',
    )
    early_stopping: int | None = option(
        None,
        at_least=1,
        help="end training after this many validations in a row without improvement in the metric that selects the "
        "best weights; None: use the whole budget",
    )
    checkpoint_every_s: float = option(
        60.0,
        in_key=False,
        at_least=0,
        help="seconds between checkpoints for resuming an interrupted run; improved weights and the end of training "
        "are saved at once",
    )
    log_every: int = option(50, in_key=False, at_least=1, help="steps between rows of training metrics")
    latency_s: float = option(
        2.0,
        in_key=False,
        at_least=0,
        help="the most seconds spent on measuring how long predictions take, after the test evaluation, and never more "
        "than 5 % of the training time; 0: not measured",
    )
    embedding_dim: int = option(256, at_least=1, help="D of the engine's embedding, the same for every model")
    head_dropout: float = option(0.1, at_least=0, below=1, help="dropout on features before the head")
    tie_embeddings: bool = option(
        True,
        help="share the target embedding with the output layer; an adaptive softmax has nothing to share",
    )
    softmax: str = option(
        "full",
        condition=True,
        choices=SOFTMAX,
        help='over a vocabulary in training: "full", "adaptive" (another, smaller output layer) or "sampled" (against '
        "a tenth of the symbols, drawn at every step). Evaluation is always exact",
    )


@dataclass(frozen=True)
class DecodingSettings(Section):
    """Search and sampling, used for test outputs only."""

    method: str = option(
        "greedy",
        choices=("greedy", "beam"),
        help='"greedy" or "beam" (beam search for token sequences, prefix beam for CTC)',
    )
    beam_size: int = option(4, at_least=1, help="hypotheses kept")
    length_penalty: float = option(0.6, help="exponent alpha of Wu et al. 2016, eq. 14")
    max_length: int | None = option(
        None, at_least=1, help="longest output in symbols; None: the target specification's"
    )
    samples: int = option(5, at_least=0, help="number of texts that a language model generates")
    sample_length: int = option(300, at_least=1, help="length of each, in symbols")
    temperature: float = option(0.8, at_least=0, help="of sampling")
    top_k: int = option(0, at_least=0, help="sample from this many of the most likely symbols; 0: off")
    top_p: float = option(1.0, above=0, at_most=1, help="nucleus sampling (Holtzman et al. 2020); 1.0: off")


@dataclass(frozen=True, kw_only=True)
class RunOptions(Section):
    """The options of a run besides its task and its model."""

    optimizer: OptimizerSettings = option(factory=OptimizerSettings, group=True)
    trainer: TrainerSettings = option(factory=TrainerSettings, group=True)
    decoding: DecodingSettings = option(factory=DecodingSettings, group=True)
    seed: int = option(0, shown=False, listed=True, help="determines initialisation, data order and dropout")
    budget: str = option(
        "epochs:3",
        condition=True,
        begins=("epochs:", "steps:", "seconds:", "tokens:"),
        listed=True,
        help="how long to train: epochs:N, steps:N, seconds:N or tokens:N",
    )
    target: str | None = option(None, listed=True, help="METRIC:VALUE; measures the time until validation reaches it")
    logger: Any = option(
        None,
        in_key=False,
        choices=LOGGER_NAMES,
        several=True,
        listed=True,
        help="also log to tensorboard, mlflow, wandb, csv or another logger of Lightning's, or to a list of them",
    )
    sweep: str | None = option(
        None, in_key=False, listed=True, help="name that groups runs in the store and the report"
    )
    exclusive: bool = option(
        False,
        in_key=False,
        listed=True,
        help="true: each run has the machine to itself, so that its times can be trusted",
    )


@dataclass(frozen=True)
class Asked(Section):
    """Values as requested, where they were resolved to something more specific that is stored elsewhere.

    Attributes:
        match: "params:N", "total:N" or "state:N", which determined the model's size; None: not requested.
        precision: "auto" became fp32 or bf16; precision_reason says why.
        device: "auto" became "cpu" or "cuda".
        threads: None became a number.
    """

    match: str | None = None
    precision: str = "fp32"
    precision_reason: str = ""
    device: str = "auto"
    threads: int | None = None


@dataclass(frozen=True, kw_only=True)
class Provenance(Section):
    """Where the values of a run come from; not part of its key."""

    tuning: Mapping[str, float] = option(
        factory=dict, in_key=False, help='how the defaults were found: {"trials": 4, "hours": 0.1}; empty: untuned'
    )
    asked: Asked = option(factory=Asked, in_key=False, help="values as requested, where they were resolved to others")
