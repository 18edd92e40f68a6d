"""Executes a run: data, network, training, a single evaluation on the test split, and the record in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from harness.config.matching import verify
from harness.config.settings import RunSettings, check_softmax
from harness.contract.batch import Split
from harness.contract.task import Task, TaskData
from harness.errors import ConfigError
from harness.nn.backends import backends_of
from harness.nn.network import Network
from harness.nn.saved_weights import check_savable
from harness.nn.state_size import measured_state_size
from harness.store import Store
from harness.store.records import PredictionRow, RunPlan, RunSummary, SampleRow
from harness.training import checkpoint
from harness.training.callback import RunCallback, RunContext
from harness.training.data_module import EndlessBatches, training_loader
from harness.training.device import device_of
from harness.training.evaluate import Evaluation, evaluate, judge
from harness.training.generate import composed, generate
from harness.training.initial import initial_network
from harness.training.latency import measure_latency
from harness.training.lightning_module import TrainingModule, after_steps
from harness.training.load_data import load_data, understood
from harness.training.loop import train
from harness.training.model_files import write_model, write_preprocessing
from harness.training.optimizer import recorded_groups
from harness.training.pooled_video import pooled_once
from harness.training.prediction_rows import asked, blocks, example_set, prediction_rows
from harness.training.probe import probe
from harness.training.room import check_room
from harness.training.run_folder import shown
from harness.training.seeding import seed_global
from harness.training.session import Session, recorded

OnProgress = Callable[[float, str], None]


def execute(
    settings: RunSettings,
    plan: RunPlan,
    *,
    store: Store,
    results: Path,
    before: Mapping[str, float] | None = None,
    on_progress: OnProgress | None = None,
    on_stop: Callable[[], None] | None = None,
) -> None:
    """Train and test one model; every outcome, failure included, is in the store when this returns or raises.

    Args:
        settings: what to run.
        plan: its identity, and how the store shows it.
        store: where it is recorded; stays open.
        results: folder of run folders.
        before: seconds by phase spent on the run before it began, added to its own.
        on_progress: called with the fraction of the budget used and a short text.
        on_stop: called when the run is asked to stop, before its current step has ended.

    Raises:
        UserError: the configuration or the data is wrong (recorded as failed).
        KeyboardInterrupt: Ctrl-C or SIGTERM (recorded as interrupted).
    """
    with recorded(settings, plan, store, results, on_stop) as session:
        session.clock.add(before or {})
        _train_and_test(settings, plan, session, on_progress)


def execute_baseline(settings: RunSettings, plan: RunPlan, baseline: str, *, store: Store, results: Path) -> None:
    """Fit and test one of the task's baselines; recorded like a model's run."""
    with recorded(settings, plan, store, results) as session:
        clock = session.clock
        with clock.phase("setup"):
            _prepare_torch(settings)
        with clock.phase("data_preparation"):
            data = load_data(settings.task, _planned(plan))
        chosen = {b.name: b for b in settings.task.baselines()}[baseline]
        with clock.phase("other"):
            predictions = chosen.predict(data, settings.seed)
        train_s = clock.training()
        with clock.phase("evaluation"):
            outcome = judge(settings.task, data, data.test, predictions)
            rows, charts = _answered(session, data, outcome)
        summary = RunSummary(
            metrics={f"test/{n}": v for n, v in outcome.metrics.items()},
            primary_value=outcome.metrics[settings.task.metrics[0].name],
            parameters=0,
            encoder_parameters=0,
            phases={},
            total_s=0.0,
            train_s=train_s,
            details={
                "baseline": chosen.description,
                **_tested_on(outcome, rows),
                **_data_details(settings.task, data),
            },
            charts=charts,
        )
        session.finish(summary, rows, shown(asked(outcome, rows)))


def _planned(plan: RunPlan) -> str | None:
    """Fingerprint of the data that the run was planned for."""
    return plan.identity.get("data_fingerprint")


def _loaded(task: Task, plan: RunPlan, on_progress: OnProgress | None) -> TaskData:
    """The data; what was understood of the user's own is said before training."""
    data = load_data(task, _planned(plan))
    if on_progress is not None and (text := understood(task, data)):
        on_progress(0.0, text)
    return data


def _train_and_test(settings: RunSettings, plan: RunPlan, session: Session, on_progress: OnProgress | None) -> None:
    clock, task = session.clock, settings.task
    check_softmax(task.target_type, settings.trainer, settings.optimizer)
    with clock.phase("data_preparation"):
        loaded = _loaded(task, plan, on_progress)
        for source in settings.model.sources():
            source.fetch()
    split = settings.trainer.final_split
    with clock.phase("setup"):
        write_preprocessing(session.folder.path, task.name, loaded.preprocessing)
        _prepare_torch(settings)
        check_room(settings, loaded)
        network = initial_network(settings, loaded)
        check_savable(network)
        with clock.phase("data_preparation"):
            data = pooled_once(loaded, network)
        final = _final_split(data, split)
        batches = EndlessBatches(training_loader(data, task.loader, settings.seed))
        around = RunContext(
            session.folder,
            session.writer,
            session.stop,
            session.signature,
            session.measured,
            log=session.log_further,
            on_progress=on_progress,
        )
        callback = RunCallback(settings, data, batches, around)
        module = TrainingModule(
            network, data.target_spec, settings.optimizer, clock, settings.trainer.precision, callback
        )
        seed_global(settings.seed, "dropout")
        probe(network, data, settings.model.name)
        whole, own, encoder = network.weight_counts()
        state_size = measured_state_size(network, data.input_spec)
        verify(settings.asked.match, settings.model, (whole.total, own.total), state_size)
        session.measured.training()
    train(settings, session, module, callback)
    with clock.phase("logging"):
        session.measured.testing()
    best = callback.selection.best
    assert best is not None  # a run ends with a validation
    train_s = clock.training()
    with clock.phase("checkpoint"):
        module.load_state_dict(checkpoint.read(session.folder.best)["state_dict"])
    if on_progress is not None:
        on_progress(1.0, "testing")
    with clock.phase("evaluation"):
        network.to(device_of(settings.trainer.device))
        outcome = evaluate(network, task, data, final, settings.decoding)
        texts = _generated(settings, session, network, data)
        rows, charts = _answered(session, data, outcome)
    latency = _latency(settings, session, network, loaded, train_s)
    primary = task.metrics[0].name
    chosen_by = callback.selection.chosen_by
    summary = RunSummary(
        metrics={f"{split}/loss": outcome.loss, **{f"{split}/{n}": v for n, v in outcome.metrics.items()}}
        | {f"val/{chosen_by}": best.value},
        primary_value=outcome.metrics[primary],
        parameters=whole.total,
        encoder_parameters=encoder.total,
        decoder_parameters=own.total - encoder.total,
        fixed_parameters=whole.fixed,
        phases={},
        total_s=0.0,
        train_s=train_s,
        split=split,
        to_target_s=callback.selection.to_target_s,
        throughput=callback.progress.units / train_s,
        throughput_unit=callback.unit,
        checkpoint={"chosen_by": f"val/{chosen_by}", "step": best.step, "value": best.value},
        details={
            "decoder": network.decoder_name,
            **_training_details(network),
            "decoding": settings.decoding.method,
            "precision": settings.trainer.precision,
            "softmax": settings.trainer.softmax,
            **({"precision_chosen": why} if (why := settings.asked.precision_reason) else {}),
            "steps": callback.progress.step,
            "epochs": round(callback.progress.epoch, 3),
            "stopped_early": callback.stopped_early,
            "context": network.capabilities.context,
            "carries_state": network.capabilities.carries_state,
            "state_size": state_size,
            "backend": backends_of(network.encoder, network.decoder),
            **latency,
            **_tested_on(outcome, rows),
            **_data_details(task, data),
        },
        artifacts={"config": "config.json"},
        charts=charts,
    )
    with clock.phase("logging"):
        session.measured.write(summary)  # for the model's card; `finish` writes it once more
        summary.artifacts |= write_model(session.folder.path, settings, plan, network, data, summary)
    session.finish(summary, rows, texts or shown(asked(outcome, rows)))


def _generated(settings: RunSettings, session: Session, network: Network, data: TaskData) -> list[SampleRow]:
    """What the network makes by itself, of which files go into the run's folder."""
    continued, files = composed(network, data, settings.decoding, settings.seed)
    session.folder.write_files("samples", files)
    return [*generate(network, data, settings.decoding, settings.seed), *continued]


def _latency(
    settings: RunSettings, session: Session, network: Network, data: TaskData, train_s: float
) -> dict[str, Any]:
    """{"latency": ...} of the weights that were tested, on examples as they come, not pooled in advance."""
    if settings.trainer.final_split != "test":  # trials of a search are not asked for their cost
        return {}
    with session.clock.phase("latency"), session.measured.apart():
        found = measure_latency(network, data, data.test, settings, train_s)
    return {"latency": found} if found else {}


def _prepare_torch(settings: RunSettings) -> None:
    torch.use_deterministic_algorithms(device_of(settings.trainer.device).type == "cpu")
    # A debugging aid that writes NaN into every fresh tensor; nothing here reads memory before it is written.
    deterministic: Any = torch.utils.deterministic  # a property of the module, which its types do not know
    deterministic.fill_uninitialized_memory = False


def _tested_on(outcome: Evaluation, rows: list[PredictionRow]) -> dict[str, Any]:
    """Which examples, and their blocks where they have any."""
    found = blocks(outcome)
    return {"tested_on": example_set(rows), **({"blocks": found} if found else {})}


def _data_details(task: Task, data: TaskData) -> dict[str, Any]:
    sizes = {f"{name}_examples": len(getattr(data, name)) for name in ("train", "val", "test")}
    return {**sizes, "eval_limit": task.eval_limit, "data": data.notes}


def _training_details(network: Network) -> dict[str, Any]:
    """What the model declares for its training: parameter groups, auxiliary losses, a hook."""
    declared = network.capabilities.auxiliary
    found = {
        "parameter_groups": recorded_groups(network),
        "auxiliary": {one.name: one.weight for one in declared},
        "after_step": bool(after_steps(network)),
    }
    return {name: value for name, value in found.items() if value}


def _final_split(data: TaskData, name: str) -> Split:
    if name not in ("test", "val"):
        raise ConfigError(
            f"trainer.final_split '{name}' does not exist; choose 'test', or 'val' for trials of a search."
        )
    return data.test if name == "test" else data.val


def _answered(session: Session, data: TaskData, outcome: Evaluation) -> tuple[list[PredictionRow], dict[str, Any]]:
    """What is kept of the answers: rows of the store, and charts of the report; files go into the run's folder.

    The charts are those of the target, and the parts that scores are divided by.
    """
    spec, answers = data.target_spec, (outcome.predictions, outcome.examples)
    session.folder.write_files("answers", spec.answer_files(*answers))
    return prediction_rows(data, outcome), {"parts": spec.parts, **spec.charts(*answers)}
