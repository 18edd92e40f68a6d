"""The typed settings of one run, as the configuration resolves them. No torch import."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.contract.model import Model
    from harness.contract.target import Target
    from harness.contract.task import Task


@dataclass
class OptimizerSettings:
    """AdamW with linear warm-up and cosine decay over the run's budget.

    Attributes:
        lr: peak learning rate.
        weight_decay: decoupled, on matrices only.
        betas: Adam's decay rates.
        warmup: fraction of the budget spent warming up.
        schedule: "cosine" (to 1 % of the peak) or "constant".
        clip: largest global gradient norm; 0: no clipping.
        label_smoothing: for training losses that are cross-entropies.
    """

    lr: float = 2e-3
    weight_decay: float = 0.01
    betas: list[float] = field(default_factory=lambda: [0.9, 0.98])
    warmup: float = 0.05
    schedule: str = "cosine"
    clip: float = 1.0
    label_smoothing: float = 0.0


@dataclass
class TrainerSettings:
    """How a run is executed.

    Attributes:
        precision: "fp32" or "bf16" (autocast while training; evaluation is always fp32); "auto", of a single run alone,
            is decided before the run begins (see harness.training.precision).
        device: "auto", "cpu" or "cuda".
        threads: intra-op threads; None: OMP_NUM_THREADS where it is set, else all cores; 1 for a sweep's worker.
        val_every: steps between validations; None: `validations` evenly spaced over the budget.
        validations: how many validations a run has where `val_every` is None.
        final_split: "test", looked at once at the end; "val" for trials of a search, which must not see test data.
        early_stopping: end training after so many validations in a row without improvement of what chooses the best
            weights; None: use the whole budget.
        checkpoint_every_s: seconds between checkpoints from which an interrupted run goes on; better weights and the
            end of training are saved at once.
        log_every: steps between rows of training metrics.
        embedding_dim: D of the engine's embedding, the same for every model.
        head_dropout: dropout on features before the head.
        tie_embeddings: share the target embedding with the output layer; an adaptive softmax has nothing to share.
        softmax: over a vocabulary in training: "full", "adaptive" (another, smaller output layer) or "sampled" (against
            a tenth of the symbols, drawn at every step). Evaluation is always exact.
    """

    precision: str = "fp32"
    device: str = "auto"
    threads: int | None = None
    val_every: int | None = None
    validations: int = 8
    final_split: str = "test"
    early_stopping: int | None = None
    checkpoint_every_s: float = 60.0
    log_every: int = 50
    embedding_dim: int = 256
    head_dropout: float = 0.1
    tie_embeddings: bool = True
    softmax: str = "full"


@dataclass
class DecodingSettings:
    """Search and sampling, used for test outputs only.

    Attributes:
        method: "greedy" or "beam" (beam search for token sequences, prefix beam for CTC).
        beam_size: hypotheses kept.
        length_penalty: exponent alpha of Wu et al. 2016, eq. 14.
        max_length: longest output in symbols; None: the target specification's.
        samples: how many texts the run of a language model generates.
        sample_length: symbols of each.
        temperature, top_k, top_p: sampling (Holtzman et al. 2020 for nucleus, top_p); 0 / 1.0: off.
    """

    method: str = "greedy"
    beam_size: int = 4
    length_penalty: float = 0.6
    max_length: int | None = None
    samples: int = 5
    sample_length: int = 300
    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0


@dataclass
class RunSettings:
    """One run, whole.

    Attributes:
        budget: "epochs:N", "steps:N", "seconds:N" or "tokens:N".
        target: "metric:value" whose first reaching is timed, or None.
        sweep: name that groups runs in the store and the report.
        tuning: how the defaults of this cell were found: {"trials": 4, "hours": 0.1}; empty: untuned.
        exclusive: whether the run has the machine to itself; recorded with its times.
        before: seconds by phase that were spent for the run before it began; they count with its own.
        config: the resolved configuration as plain data, stored with the run.
    """

    task: Task
    model: Model
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    trainer: TrainerSettings = field(default_factory=TrainerSettings)
    decoding: DecodingSettings = field(default_factory=DecodingSettings)
    seed: int = 0
    budget: str = "epochs:3"
    target: str | None = None
    sweep: str = "default"
    tuning: dict[str, float] = field(default_factory=dict)
    exclusive: bool = False
    before: dict[str, float] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)


SOFTMAX = ("full", "adaptive", "sampled")
"""What `trainer.softmax` may be."""


def check_softmax(target: type[Target], trainer: TrainerSettings, optimizer: OptimizerSettings) -> None:
    """Refuse an output layer that a task or another setting leaves no sense.

    Raises:
        ConfigError: no such softmax; one over symbols where none are predicted; or labels to be smoothed without the
            logits of all symbols.
    """
    given = trainer.softmax
    if given not in SOFTMAX:
        raise ConfigError(f"trainer.softmax={given!r} does not exist; choose one of: {', '.join(SOFTMAX)}.")
    if given == "full":
        return
    if not target.softmax:
        raise ConfigError(
            f"trainer.softmax={given} is for tasks that predict symbols of a vocabulary, not a {target.__name__}; set "
            "trainer.softmax=full for this task."
        )
    if optimizer.label_smoothing:
        raise ConfigError(
            f"trainer.softmax={given} cannot smooth labels, which takes the logits of all symbols; set "
            f"optimizer.label_smoothing=0 instead of {optimizer.label_smoothing:g}, or trainer.softmax=full."
        )
