"""What the benchmark of the recurrent kernels compares; the times are another machine's business."""

import torch

from harness.bench import kernels
from harness.bench.kernels import KernelSize, kernel_rows


def test_every_cell_is_compared_and_the_threads_are_given_back(monkeypatch):
    monkeypatch.setattr(kernels, "SMALL", KernelSize("", 8, 2, 3))
    monkeypatch.setattr(kernels, "MEDIUM", KernelSize("-650", 8, 2, 3))
    monkeypatch.setattr(kernels, "SENTENCES", KernelSize("", 8, 4, 20))
    monkeypatch.setattr(kernels, "PICTURES", KernelSize("", 2, 2, 3))
    before = torch.get_num_threads()
    rows = {row.name: row for row in kernel_rows(1)}
    assert torch.get_num_threads() == before
    cells = ("rnn", "gru", "lstm_layernorm", "lstm_projection", "lstm_peephole")
    sizes = ("", "-650", "-bf16", "-650-bf16")
    others = ("attention-vs-lstm", "attention-vs-steps", "convlstm-vs-steps")
    wanted = {f"kernel-{cell}-vs-lstm{size}" for cell in cells for size in sizes} | {
        f"kernel-{name}" for name in others
    }
    assert set(rows) == wanted | {"bilstm-varlen-vs-packed"}
    assert rows["kernel-gru-vs-lstm"].limit == rows["kernel-lstm_peephole-vs-lstm-650"].limit == 2.0
    assert rows["kernel-gru-vs-lstm-bf16"].limit is None
    assert all(row.ratio > 0 and row.about for row in rows.values())
