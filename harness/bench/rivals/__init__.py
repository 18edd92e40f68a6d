"""One language model, trained by the harness and by others, each in a process of its own: what a comparison times.

`worker.py` is the script that such a process runs. The modules beside it build a training step: `ours` needs the
harness; `torch_loop` and `keras_fit` need only the library they are about, so that another interpreter can run them.
"""
