"""The convolutional LSTM over video equals its equations, frame by frame, gradients included."""

from __future__ import annotations

import pytest
import torch
from harness_models.conv_lstm import ConvolutionalLSTM

from harness.contract.specs import VideoInput
from harness.targets import ClassTarget

CLOSE = {"atol": 1e-11, "rtol": 1e-9}
HIDDEN = 3


def patches(frame, size):
    """(C, Y, X) in patches: (C size^2, y, x), with zeros where the last ones reach over the edge."""
    channels, height, width = frame.shape
    rows, columns = -(-height // size), -(-width // size)
    out = torch.zeros(channels * size * size, rows, columns, dtype=frame.dtype)
    for c in range(channels):
        for y in range(height):
            for x in range(width):
                out[(c * size + y % size) * size + x % size, y // size, x // size] = frame[c, y, x]
    return out


def convolved(weight, picture):
    """sum over a, b of W_ab picture_(y + a, x + b), with zeros outside; kernels are 3 x 3."""
    height, width = picture.shape[1:]
    wide = torch.nn.functional.pad(picture, (1, 1, 1, 1))
    parts = [
        torch.einsum("oc,cyx->oyx", weight[:, :, a, b], wide[:, a : a + height, b : b + width])
        for a in range(3)
        for b in range(3)
    ]
    return torch.stack(parts).sum(0)


def layer(w, name, pictures):
    """Shi et al. 2015, eq. 3, over pictures (C, y, x) in order."""
    from_input, recurrent, bias = (
        w[f"layers.{name}.{part}"].split(HIDDEN) for part in ("weight_ih", "weight_hh", "bias")
    )
    peep = w.get(f"layers.{name}.peepholes", torch.zeros(3, 1, 1, 1, dtype=torch.float64))
    h = c = torch.zeros(HIDDEN, *pictures[0].shape[1:], dtype=torch.float64)
    out = []
    for x in pictures:
        i, f, g, o = (
            convolved(from_input[n], x) + convolved(recurrent[n], h) + bias[n][:, None, None] for n in range(4)
        )
        i, f = torch.sigmoid(i + peep[0] * c), torch.sigmoid(f + peep[1] * c)
        c = f * c + i * torch.tanh(g)
        h = torch.sigmoid(o + peep[2] * c) * torch.tanh(c)
        out.append(h)
    return out


@pytest.mark.parametrize("peepholes", [True, False])
def test_outputs_and_gradients_equal_the_equations(peepholes):
    torch.manual_seed(4)
    model = ConvolutionalLSTM(hidden_size=HIDDEN, layers=2, patch=2, dropout=0.0, peepholes=peepholes)
    encoder = model.build(VideoInput(2, 5, 6), ClassTarget(3)).double()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    x, lengths = torch.randn(2, 4, 2, 5, 6, dtype=torch.float64), torch.tensor([4, 2])
    out = encoder(x, lengths)
    weights = dict(encoder.named_parameters())
    rows = []
    for row, length in enumerate(lengths.tolist()):
        pictures = [patches(frame, 2) for frame in x[row, :length]]
        for index in range(2):
            pictures = layer(weights, index, pictures)
        rows.append(torch.stack([torch.cat((p.mean((1, 2)), p.flatten(1).max(1).values)) for p in pictures]))
    expected = torch.cat((*rows, torch.stack([row[-1] for row in rows])))
    found = torch.cat((out.features[0], out.features[1, :2], out.summary))
    torch.testing.assert_close(found, expected, **CLOSE)
    draw = torch.randn_like(expected)
    one, two = (torch.autograd.grad((y * draw).sum(), list(weights.values())) for y in (found, expected))
    for name, a, b in zip(weights, one, two, strict=True):
        torch.testing.assert_close(a, b, msg=lambda said, name=name: f"gradient of {name}: {said}", **CLOSE)
