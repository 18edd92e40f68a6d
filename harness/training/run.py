"""One run, whole: data, network, training, the one look at the test split, and what goes into the store."""

from __future__ import annotations

import logging
import os
import signal
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from harness.batch import Dataset
from harness.errors import ConfigError
from harness.metrics.classification import confusion_matrix
from harness.nn.network import Network
from harness.runtime import threads_for_one_run
from harness.specs import ClassTarget
from harness.store import Store
from harness.store.records import EnvironmentRecord, MetricRow, PredictionRow, RunPlan, RunSummary
from harness.task import Prediction, Task, TaskData, aggregate
from harness.training.callback import RunCallback
from harness.training.data_module import TrainingBatches, training_loader
from harness.training.evaluate import Evaluation, evaluate
from harness.training.generate import generate
from harness.training.lightning_module import TrainingModule
from harness.training.load_data import load_data
from harness.training.measure_environment import measure_environment
from harness.training.memory import PeakMemory
from harness.training.run_folder import RunFolder, shown
from harness.training.seeding import seed_global
from harness.training.settings import RunSettings
from harness.training.timing import PhaseClock

OnProgress = Callable[[float, str], None]
HEARTBEAT_S = 10.0


def execute(
    settings: RunSettings,
    plan: RunPlan,
    *,
    store_url: str | None,
    results: Path,
    on_progress: OnProgress | None = None,
) -> None:
    """Train and test one model; every outcome, failure included, is in the store when this returns or raises.

    Raises:
        UserError: the configuration or the data is wrong (recorded as failed).
        KeyboardInterrupt: Ctrl-C or SIGTERM (recorded as interrupted).
    """
    with _recorded(settings, plan, store_url, results) as session:
        _train_and_test(settings, session, on_progress)


def execute_baseline(
    settings: RunSettings, plan: RunPlan, baseline: str, *, store_url: str | None, results: Path
) -> None:
    """Fit and test one of the task's baselines; recorded like a model's run."""
    with _recorded(settings, plan, store_url, results) as session:
        clock = session.clock
        with clock.phase("setup"):
            _prepare_torch(settings)
        with clock.phase("data_preparation"):
            data = load_data(settings.task)
        chosen = {b.name: b for b in settings.task.baselines()}[baseline]
        with clock.phase("other"):
            predictions = chosen.predict(data, settings.seed)
        train_s = clock.training()
        with clock.phase("evaluation"):
            examples = [data.test[i] for i in range(len(data.test))]
            rows = settings.task.evaluate(predictions, examples)
            outcome = Evaluation(float("nan"), predictions, rows, aggregate(settings.task.metrics, rows))
            prediction_rows = _prediction_rows(outcome, data.test)
            charts = _charts(data, data.test, predictions)
        summary = RunSummary(
            metrics={f"test/{n}": v for n, v in outcome.metrics.items()},
            primary_value=outcome.metrics[settings.task.metrics[0].name],
            parameters=0,
            encoder_parameters=0,
            phases={},
            total_s=0.0,
            train_s=train_s,
            details={"baseline": chosen.description, **_data_details(settings.task, data)},
            charts=charts,
        )
        session.finish(summary, prediction_rows, [])


class _Session:
    """The store, the folder, and the clocks of the run in progress."""

    def __init__(self, store: Store, run_id: int, folder: RunFolder, environment: EnvironmentRecord) -> None:
        self.store, self.run_id, self.folder, self.environment = store, run_id, folder, environment
        self.clock = PhaseClock()
        self.memory = PeakMemory()

    def log_metrics(self, rows: list[MetricRow]) -> None:
        self.store.log_metrics(self.run_id, rows)

    def finish(self, summary: RunSummary, predictions: list[PredictionRow], texts: Sequence[Any]) -> None:
        """Write files, then the store's one transaction: a finished run has everything."""
        with self.clock.phase("logging"):
            samples = [*texts, *([] if texts else shown(predictions))]
            summary.artifacts |= {
                "predictions": self.folder.write_predictions(predictions),
                "samples": self.folder.write_samples(samples),
            }
        summary.memory_peak_bytes = self.memory.peak_bytes
        summary.phases = self.clock.totals()
        summary.total_s = self.clock.total()
        self.store.finish(self.run_id, summary, predictions, samples)


@contextmanager
def _recorded(settings: RunSettings, plan: RunPlan, store_url: str | None, results: Path) -> Iterator[_Session]:
    """Start the run in the store, keep its heartbeat, and record how it ends."""
    with Store.open(store_url) as store, _terminations_raise():
        folder = RunFolder(results, plan.key, store.store_id)
        threads = settings.trainer.threads or threads_for_one_run()
        torch.set_num_threads(threads)
        environment = measure_environment(_device(settings.trainer.device), threads)
        run_id = store.start(plan, environment, owner_pid=os.getpid())
        stop = threading.Event()
        pulse = threading.Thread(target=_pulse, args=(store_url, run_id, stop), daemon=True)
        pulse.start()
        try:
            with folder.logging():
                session = _Session(store, run_id, folder, environment)
                folder.write_config(settings.config)
                with session.memory:
                    yield session
        except KeyboardInterrupt:
            store.interrupt(run_id)
            raise
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            store.fail(run_id, text, traceback.format_exc(), folder.log_tail())
            raise
        finally:
            stop.set()
            pulse.join()


def _pulse(store_url: str | None, run_id: int, stop: threading.Event) -> None:
    """Tell the store every few seconds that the run is alive (a connection of its own: it is another thread)."""
    with Store.open(store_url) as store:
        while not stop.wait(HEARTBEAT_S):
            store.heartbeat(run_id)


@contextmanager
def _terminations_raise() -> Iterator[None]:
    """Turn SIGTERM into KeyboardInterrupt for the block, so that a stopped run is recorded as interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _train_and_test(settings: RunSettings, session: _Session, on_progress: OnProgress | None) -> None:
    clock, task = session.clock, settings.task
    with clock.phase("data_preparation"):
        data = load_data(task)
    split = settings.trainer.final_split
    final = _final_split(data, split)
    with clock.phase("setup"):
        _prepare_torch(settings)
        seed_global(settings.seed, "initialisation")
        network = Network(settings.model, task.signature, data.input_spec, data.target_spec, settings.trainer)
        module = TrainingModule(network, data.target_spec, settings.optimizer, clock, settings.trainer.precision)
        batches = training_loader(data, task.loader, settings.seed)
        callback = RunCallback(settings, data, batches, session.folder.checkpoint, session.log_metrics, on_progress)
        trainer = _trainer(settings, callback)
        seed_global(settings.seed, "dropout")
    with clock.phase("other"):
        try:
            trainer.fit(module, train_dataloaders=_TimedBatches(batches, clock))
        except SystemExit:  # what Lightning makes of Ctrl-C and SIGTERM
            raise KeyboardInterrupt from None
    best = callback.best
    assert best is not None  # a run ends with a validation
    train_s = clock.training()
    with clock.phase("checkpoint"):
        state = torch.load(session.folder.checkpoint, map_location="cpu", weights_only=True)
        module.load_state_dict(state["state_dict"])
    if on_progress is not None:
        on_progress(1.0, "testing")
    with clock.phase("evaluation"):
        network.to(_device(settings.trainer.device))
        outcome = evaluate(network, task, data, final, settings.decoding)
        texts = generate(network, data, settings.decoding, settings.seed)
        rows = _prediction_rows(outcome, final)
        charts = _charts(data, final, outcome.predictions)
    total, encoder = network.parameter_counts()
    primary = task.metrics[0].name
    summary = RunSummary(
        metrics={f"{split}/loss": outcome.loss, **{f"{split}/{n}": v for n, v in outcome.metrics.items()}}
        | {f"val/{callback.chosen_by}": best.value},
        primary_value=outcome.metrics[primary],
        parameters=total,
        encoder_parameters=encoder,
        phases={},
        total_s=0.0,
        train_s=train_s,
        split=split,
        to_target_s=callback.to_target_s,
        throughput=callback.progress.units / train_s,
        throughput_unit=callback.unit,
        checkpoint={"chosen_by": f"val/{callback.chosen_by}", "step": best.step, "value": best.value},
        details={
            "decoder": network.decoder_name,
            "decoding": settings.decoding.method,
            "precision": settings.trainer.precision,
            "steps": callback.progress.step,
            "epochs": round(callback.progress.epoch, 3),
            "context": network.capabilities.context,
            "carries_state": network.capabilities.carries_state,
            **_data_details(task, data),
        },
        artifacts={"checkpoint": session.folder.checkpoint.name, "config": "config.json"},
        charts=charts,
    )
    session.finish(summary, rows, texts)


class _TimedBatches:
    """Training batches whose making is timed as waiting for data."""

    def __init__(self, batches: TrainingBatches, clock: PhaseClock) -> None:
        self._batches, self._clock = batches, clock

    def __iter__(self) -> Iterator[Any]:
        with self._clock.phase("data_wait"):
            iterator = iter(self._batches)
        while True:
            with self._clock.phase("data_wait"):
                batch = next(iterator, None)
            if batch is None:
                return
            yield batch


def _trainer(settings: RunSettings, callback: RunCallback) -> pl.Trainer:
    """A Lightning trainer with everything off that this harness does itself."""
    if settings.trainer.precision not in ("fp32", "bf16"):
        raise ConfigError(f"trainer.precision '{settings.trainer.precision}' does not exist; choose 'fp32' or 'bf16'.")
    # Lightning advertises its platform with every trainer; nobody asked for it in a run's log.
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    return pl.Trainer(
        accelerator="cpu" if _device(settings.trainer.device).type == "cpu" else "gpu",
        devices=1,
        precision="32-true",  # bf16 is autocast in the training step
        max_epochs=-1,
        gradient_clip_val=settings.optimizer.clip or None,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[callback],
        use_distributed_sampler=False,
    )


def _prepare_torch(settings: RunSettings) -> None:
    torch.use_deterministic_algorithms(_device(settings.trainer.device).type == "cpu")
    # A debugging aid that writes NaN into every fresh tensor; nothing here reads memory before it is written.
    deterministic: Any = torch.utils.deterministic  # a property of the module, which its types do not know
    deterministic.fill_uninitialized_memory = False


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise ConfigError(f"trainer.device '{name}' does not exist; choose 'auto', 'cpu' or 'cuda'.")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("trainer.device is 'cuda', but torch finds no CUDA device; choose 'auto' or 'cpu'.")
    return torch.device(name)


def _data_details(task: Task, data: TaskData) -> dict[str, Any]:
    sizes = {f"{name}_examples": len(getattr(data, name)) for name in ("train", "val", "test")}
    return {**sizes, "eval_limit": task.eval_limit, "data": data.notes}


def _final_split(data: TaskData, name: str) -> Dataset:
    if name not in ("test", "val"):
        raise ConfigError(
            f"trainer.final_split '{name}' does not exist; choose 'test', or 'val' for trials of a search."
        )
    return data.test if name == "test" else data.val


def _charts(data: TaskData, split: Dataset, predictions: Sequence[Prediction]) -> dict[str, Any]:
    if not isinstance(data.target_spec, ClassTarget):
        return {}
    names = data.target_spec.class_names or tuple(map(str, range(data.target_spec.num_classes)))
    examples = [split[i] for i in range(len(split))]
    return {"confusion": confusion_matrix(predictions, examples, names)}


def _prediction_rows(outcome: Evaluation, split: Dataset) -> list[PredictionRow]:
    made = []
    for index, (prediction, row) in enumerate(zip(outcome.predictions, outcome.rows, strict=True)):
        example = split[index]
        reference = example.references[0] if example.references else ""
        statistics = {name: dict(values) for name, values in row.items()}
        made.append(PredictionRow(example.id, example.source, reference, prediction.text, statistics))
    return made
