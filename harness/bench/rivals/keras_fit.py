"""The same training with Keras 3 defaults: `fit` in fp32, on the backend named in the settings.

Needs keras and that backend only. The settings are those of `sizes.Size`, `threads` and `backend` ("tensorflow", "jax"
or "torch"). Timed from the first batch to the end of the epoch, without the overhead of each call of `fit`.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def build(settings: dict[str, Any]) -> tuple[dict[str, Any], Callable[[dict[str, Any]], dict[str, Any]]]:
    """A description of what was built, and a function that trains for `steps` and returns the time."""
    backend = settings["backend"]
    os.environ |= {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}
    library = importlib.import_module(backend)
    _limit(library, backend, settings["threads"])
    keras: Any = importlib.import_module("keras")
    keras.utils.set_random_seed(0)
    model = _model(keras, settings)

    class Clock(keras.callbacks.Callback):
        """Seconds from the first batch to the end of the epoch, when the loss has been read."""

        async_safe = True  # so that no step waits for its loss to be read
        began = ended = 0.0

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            if batch == 0:
                self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.ended = time.perf_counter()

    draw = np.random.default_rng(0).integers(2, settings["symbols"], (settings["batch"], settings["time"] + 1))
    draw = draw.astype(np.int32)

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        steps, clock = request["steps"], Clock()
        x, y = np.tile(draw[:, :-1], (steps, 1)), np.tile(draw[:, 1:], (steps, 1))
        history = model.fit(x, y, settings["batch"], epochs=1, shuffle=False, verbose=0, callbacks=[clock])
        return {"seconds": (clock.ended - clock.began) / steps, "loss": float(history.history["loss"][-1])}

    version = f"keras {keras.__version__}, {backend} {library.__version__}"
    return {"parameters": int(model.count_params()), "version": version}, answer


def _model(keras: Any, settings: dict[str, Any]) -> Any:
    layers, hidden_size = keras.layers, settings["hidden_size"]

    def dropout() -> list[Any]:
        return [layers.Dropout(settings["dropout"])] if settings["dropout"] else []

    parts = [keras.Input((settings["time"],), settings["batch"], dtype="int32")]
    drawn = keras.initializers.RandomNormal(stddev=1.0)  # as in torch, so that all learn equally fast
    parts += [layers.Embedding(settings["symbols"], hidden_size, embeddings_initializer=drawn), *dropout()]
    for _ in range(settings["layers"]):
        parts += [layers.LSTM(hidden_size, return_sequences=True), *dropout()]
    model = keras.Sequential([*parts, layers.Dense(hidden_size), layers.Dense(settings["symbols"])])
    model.compile(
        keras.optimizers.Adam(2e-3, global_clipnorm=1.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return model


def _limit(library: Any, backend: str, threads: int) -> None:
    """Threads of the backend; JAX takes as many as the process has cores."""
    if backend == "tensorflow":
        library.config.threading.set_intra_op_parallelism_threads(threads)
        library.config.threading.set_inter_op_parallelism_threads(threads)
    elif backend == "torch":
        library.set_num_threads(threads)
