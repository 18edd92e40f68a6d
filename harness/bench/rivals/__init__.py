"""One language model, trained by the harness and by others, each in its own process, for timing comparisons.

`worker.py` is the script such a process runs. The other modules build a training step: `ours` needs the harness;
`torch_loop` and `keras_fit` need only their own library, so that another interpreter can run them.
"""
