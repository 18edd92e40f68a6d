"""The transformer equals its equations in plain matrix products, row by row without padding, gradients included."""

from __future__ import annotations

import math

import pytest
import torch
from harness_models.transformer import Transformer

from harness.contract.model import EncoderOutput
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, TokenInput
from harness.nn.transformer import RotaryAttention
from harness.nn.transformer_decoder import CrossAttention
from harness.targets import ClassTarget, NextTokenTarget, TaggingTarget, TokenSequenceTarget

CLOSE = {"atol": 1e-10, "rtol": 1e-9}
DIM, HIDDEN, HEADS = 5, 12, 3
MODEL = Transformer(hidden_size=HIDDEN, layers=2, heads=HEADS, ff=3, dropout=0.0, context=6)


def turned(x, heads):
    """x (T, H), each position's pairs multiplied by 2 x 2 rotations: Su et al. 2021, eq. 15."""
    size = x.shape[1] // heads
    rows = []
    for position, row in enumerate(x):
        matrix = torch.zeros(x.shape[1], x.shape[1], dtype=x.dtype)
        for pair in range(x.shape[1] // 2):
            angle = position * 10000.0 ** (-2 * (pair % (size // 2)) / size)
            matrix[2 * pair : 2 * pair + 2, 2 * pair : 2 * pair + 2] = torch.tensor(
                [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=x.dtype
            )
        rows.append(matrix @ row)
    return torch.stack(rows)


def norm(w, name, x):
    mean = x.mean(1, keepdim=True)
    variance = ((x - mean) ** 2).mean(1, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt() * w[f"{name}.weight"] + w[f"{name}.bias"]


def affine(w, name, x):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def attended(query, key, value, visible):
    """Vaswani et al. 2017, eq. 1, head by head; `visible` (T, S) says which pairs exist."""
    parts = []
    for q, k, v in zip(query.chunk(HEADS, 1), key.chunk(HEADS, 1), value.chunk(HEADS, 1), strict=True):
        scores = q @ k.T / math.sqrt(q.shape[1])
        weights = scores.exp() * visible
        parts.append(weights / weights.sum(1, keepdim=True) @ v)
    return torch.cat(parts, 1)


def self_attention(w, name, x, visible):
    query, key, value = affine(w, f"{name}.project", x).chunk(3, 1)
    return affine(w, f"{name}.output", attended(turned(query, HEADS), turned(key, HEADS), value, visible))


def feed_forward(w, name, x):
    inner = affine(w, f"{name}.0", x)
    return affine(w, f"{name}.2", inner * 0.5 * (1 + torch.erf(inner / math.sqrt(2))))


def encoded(w, x, visible):
    """Features (T, H) of x (T, D): Xiong et al. 2020, table 1, right."""
    x = affine(w, "project", x)
    for layer in (f"layers.{index}" for index in range(MODEL.layers)):
        x = x + self_attention(w, f"{layer}.attention", norm(w, f"{layer}.attention_norm", x), visible)
        x = x + feed_forward(w, f"{layer}.ff", norm(w, f"{layer}.ff_norm", x))
    return norm(w, "norm", x)


def decoded(w, x, memory):
    """Features (U, H) of symbols x (U, D) over memory (T, M)."""
    visible = torch.ones(len(x), len(x)).tril()
    x = affine(w, "project", x)
    for layer in (f"layers.{index}" for index in range(MODEL.layers)):
        x = x + self_attention(w, f"{layer}.attention", norm(w, f"{layer}.attention_norm", x), visible)
        query = affine(w, f"{layer}.memory_attention.query", norm(w, f"{layer}.memory_norm", x))
        key, value = (affine(w, f"{layer}.memory_attention.{name}", memory) for name in ("key", "value"))
        mixed = attended(query, key, value, torch.ones(len(x), len(memory)))
        x = x + affine(w, f"{layer}.memory_attention.output", mixed)
        x = x + feed_forward(w, f"{layer}.ff", norm(w, f"{layer}.ff_norm", x))
    return norm(w, "norm", x)


def shaken(module):
    """In fp64, with no weight at a value where a mistake would not show."""
    torch.manual_seed(1)
    module = module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return module


def compare_with_gradients(module, found, expected):
    """Equal figures, and equal gradients of every weight."""
    torch.testing.assert_close(found, expected, **CLOSE)
    draw = torch.randn_like(expected)
    weights = list(module.parameters())
    one, two = (torch.autograd.grad((y * draw).sum(), weights, retain_graph=True) for y in (found, expected))
    for (name, _), a, b in zip(module.named_parameters(), one, two, strict=True):
        torch.testing.assert_close(a, b, msg=lambda said, name=name: f"gradient of {name}: {said}", **CLOSE)


@pytest.mark.parametrize(
    ("model", "target", "allowed"),
    [
        (MODEL, ClassTarget(3), lambda t, s: True),
        (
            Transformer(hidden_size=HIDDEN, layers=2, heads=HEADS, ff=3, causal=True),
            TaggingTarget(3),
            lambda t, s: s <= t,
        ),
        (MODEL, NextTokenTarget(9), lambda t, s: t - 6 <= s <= t),
    ],
    ids=["both ways", "causal", "window"],
)
def test_the_encoder_equals_its_equations(model, target, allowed):
    encoder = shaken(model.build(EmbeddedInput(DIM), target)).eval()
    lengths = torch.tensor([70, 1, 9])  # the first is longer than a block of the window's
    x = torch.randn(3, 70, DIM, dtype=torch.float64)
    out = encoder(x, lengths)
    weights = dict(encoder.named_parameters())
    rows, summaries = [], []
    for row, length in enumerate(lengths.tolist()):
        visible = torch.tensor([[float(allowed(t, s)) for s in range(length)] for t in range(length)])
        rows.append(encoded(weights, x[row, :length], visible))
        summaries.append(rows[-1][-1])
    valid = torch.cat([out.features[row, :length] for row, length in enumerate(lengths.tolist())])
    compare_with_gradients(encoder, torch.cat((valid, out.summary)), torch.cat((*rows, torch.stack(summaries))))


def test_the_decoder_equals_its_equations_at_once_and_step_by_step():
    target = TokenSequenceTarget(9)
    encoder = MODEL.build(EmbeddedInput(DIM), target)
    decoder = shaken(MODEL.build_decoder(encoder, target, 7)).eval()
    memory, lengths = torch.randn(2, 5, HIDDEN, dtype=torch.float64), torch.tensor([5, 2])
    symbols = torch.randn(2, 6, 7, dtype=torch.float64)
    start = decoder.start(EncoderOutput(memory, lengths, memory[:, 0]))
    weights = dict(decoder.named_parameters())
    expected = torch.stack([decoded(weights, symbols[row], memory[row, : lengths[row]]) for row in range(2)])
    compare_with_gradients(decoder, decoder(symbols, start, memory, lengths), expected)
    state, steps = start, []
    for symbol in symbols[:, :3].unbind(1):
        features, state, _ = decoder.step(symbol, state, memory, lengths)
        steps.append(features)
    rest = decoder(symbols[:, 3:], state, memory, lengths)  # several at once after a cache
    compare_with_gradients(decoder, torch.cat((torch.stack(steps, 1), rest), 1), expected)
    _, _, shown = decoder.explain(symbols[:, 0], start, memory, lengths)
    torch.testing.assert_close(shown["attention"].sum(1), torch.ones(2, dtype=torch.float64))
    assert shown["attention"][1, 2:].abs().max() == 0


def test_a_text_in_pieces_of_any_size_equals_the_whole_and_the_state_is_as_declared():
    encoder = shaken(MODEL.build(EmbeddedInput(DIM), NextTokenTarget(9))).eval()
    x = torch.randn(2, 40, DIM, dtype=torch.float64)
    whole = encoder(x, torch.tensor([40, 40])).features
    for sizes in ((1,) * 40, (3, 17, 20), (39, 1)):
        state, parts = None, []
        for piece in x.split(sizes, 1):
            features, _, _, state, *_ = encoder(piece, torch.full((2,), piece.shape[1]), state)
            parts.append(features)
        torch.testing.assert_close(torch.cat(parts, 1), whole, **CLOSE)
    declared = MODEL.capabilities(TaskSignature("t", TokenInput, NextTokenTarget))
    assert sum(part[0].numel() for part in state) == declared.state_size == 2 * 2 * 6 * HIDDEN + 1
    assert declared.context == 12
    # An empty row keeps its state.
    kept = encoder(x[:, :2], torch.tensor([0, 2]), state).state
    assert all(torch.equal(new[0], old[0]) for new, old in zip(kept, state, strict=True))


def test_features_depend_on_the_whole_declared_context():
    encoder = shaken(MODEL.build(EmbeddedInput(DIM), NextTokenTarget(9))).eval()
    x = torch.randn(1, 20, DIM, dtype=torch.float64)
    for back, moves in ((12, True), (13, False)):
        changed = x.clone()
        changed[:, 19 - back] += 1.0
        lengths = torch.tensor([20])
        found = (encoder(changed, lengths).summary - encoder(x, lengths).summary).abs().max()
        assert bool(found > 1e-12) is moves, back


def test_attention_is_explained_as_it_is_computed():
    x, lengths = torch.randn(2, 9, DIM), torch.tensor([9, 4])
    for target, shape in ((ClassTarget(3), (2, 9, HEADS, 9)), (NextTokenTarget(9), (2, 9, HEADS, 7))):
        encoder = MODEL.build(EmbeddedInput(DIM), target).eval()
        shown = encoder.explain(x, lengths).explain
        assert sorted(shown) == ["layer_1.attention", "layer_2.attention"]
        first = shown["layer_1.attention"]
        assert first.shape == shape
        torch.testing.assert_close(first.sum(-1), torch.ones(shape[:3]))
        layer = encoder.layers[0].attention
        normal = encoder.layers[0].attention_norm(encoder.project(x))
        value = layer.projected(normal)[2]  # (B, heads, T, d)
        if shape[3] == 7:
            value = torch.nn.functional.pad(value, (0, 0, 6, 0)).unfold(2, 7, 1)  # (B, heads, T, d, W + 1)
            mixed = torch.einsum("bths,bhtds->bthd", first, value)
        else:
            mixed = torch.einsum("bths,bhsd->bthd", first, value)
        expected = layer.output(mixed.flatten(2))
        seen = []
        handle = layer.register_forward_hook(lambda _, __, out, seen=seen: seen.append(out[0]))
        encoder(x, lengths)
        handle.remove()
        torch.testing.assert_close(seen[0][0], expected[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: RotaryAttention(12, 4), "hidden_size=12: must be a multiple of twice heads=4"),
        (lambda: CrossAttention(12, 3, 5), "hidden_size=12: must be a multiple of heads=5"),
    ],
)
def test_heads_that_do_not_divide_are_refused(make, rule):
    with pytest.raises(ValueError, match=rule):
        make()
