"""The recurrent decoder: one step at a time equals all at once, and attention changes nothing else."""

import pytest
import torch

from harness.contract.model import EncoderOutput
from harness.errors import PluginError
from harness.nn.cells import KINDS
from harness.nn.decoder import RecurrentDecoder

ATTENTION = [None, "luong", "bahdanau"]
LENGTHS = torch.tensor([5, 2, 0])


def encoded(seed=0):
    g = torch.Generator().manual_seed(seed)
    return EncoderOutput(torch.randn(3, 5, 6, generator=g), LENGTHS, torch.randn(3, 7, generator=g))


def decoder(attention, kind="lstm", layers=2, **kwargs):
    torch.manual_seed(1)
    return RecurrentDecoder(kind, 4, 8, layers, memory_dim=6, summary_dim=7, attention=attention, **kwargs)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("attention", ATTENTION)
def test_steps_equal_forward(attention, kind, residual):
    model, source = decoder(attention, kind, residual=residual), encoded()
    embedded = torch.randn(3, 6, 4)
    whole = model(embedded, model.start(source), source.features, source.lengths)
    state, pieces = model.start(source), []
    for symbol in embedded.unbind(1):
        features, state, weights = model.step(symbol, state, source.features, source.lengths)
        pieces.append(features)
        if attention is None:
            assert weights is None
        else:
            torch.testing.assert_close(weights.sum(-1), torch.tensor([1.0, 1.0, 0.0]))
            assert weights[1, 2:].eq(0).all()
    assert whole.shape == (3, 6, model.feature_dim)
    torch.testing.assert_close(torch.stack(pieces, 1), whole, atol=5e-6, rtol=1e-5)


@pytest.mark.parametrize("attention", ATTENTION)
def test_memory_padding_and_other_rows_change_nothing(attention):
    model, source = decoder(attention), encoded()
    embedded = torch.randn(3, 4, 4)
    whole = model(embedded, model.start(source), source.features, source.lengths)
    short = EncoderOutput(source.features[1:2, :2], LENGTHS[1:2], source.summary[1:2])
    alone = model(embedded[1:2], model.start(short), short.features, short.lengths)
    torch.testing.assert_close(whole[1:2], alone, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("attention", ATTENTION)
def test_rows_of_the_state_can_be_reordered_as_beam_search_does(attention):
    model, source = decoder(attention), encoded()
    order = torch.tensor([2, 0, 0, 1])
    symbol = torch.randn(3, 4)
    _, state, _ = model.step(symbol, model.start(source), source.features, source.lengths)
    want, _, _ = model.step(symbol, state, source.features, source.lengths)
    moved = tuple(part[order] for part in state)
    got, _, _ = model.step(symbol[order], moved, source.features[order], source.lengths[order])
    torch.testing.assert_close(got, want[order], atol=1e-6, rtol=1e-5)


def test_luong_differs_from_no_attention_by_its_two_layers_only():
    plain, attending = decoder(None), decoder("luong")
    extra = {name.split(".")[0] for name, _ in attending.named_parameters()} - {
        name.split(".")[0] for name, _ in plain.named_parameters()
    }
    assert extra == {"multiplicative", "combine"}
    shapes = {name: p.shape for name, p in plain.named_parameters()}
    assert shapes.items() <= {name: p.shape for name, p in attending.named_parameters()}.items()


@pytest.mark.parametrize("attention", ATTENTION)
def test_start_is_the_bridged_summary(attention):
    model, source = decoder(attention, layers=1), encoded()
    h, c = model.start(source)[:2]
    want = torch.tanh(source.summary @ model.bridge.weight.T + model.bridge.bias)
    torch.testing.assert_close(torch.cat((h[:, 0], c[:, 0]), -1), want)


@pytest.mark.parametrize("attention", ATTENTION)
def test_every_parameter_gets_a_finite_gradient_also_under_autocast(attention):
    for autocast in (False, True):
        model, source = decoder(attention), encoded()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            out = model(torch.randn(3, 4, 4), model.start(source), source.features, source.lengths)
        out.float().square().sum().backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name


def looped(model, source, embedded, step_by_step):
    """Features and gradients of everything, by the loop in one node or by a graph of every step."""
    if step_by_step:
        model._plans = lambda: None
    torch.manual_seed(5)
    out = model(embedded, model.start(source), source.features, source.lengths)
    weight = torch.randn(out.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64).to(out.dtype)
    wanted = [embedded, source.features, source.summary, *model.parameters()]
    return out, *torch.autograd.grad((out * weight).sum(), wanted)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "lstm_layernorm"])
def test_additive_attention_in_one_node_equals_its_steps_dropout_included(kind, layers, residual, dropout):
    source = encoded()
    source = EncoderOutput(source.features.double().requires_grad_(), LENGTHS, source.summary.double().requires_grad_())
    embedded = torch.randn(3, 6, 4, dtype=torch.float64, requires_grad=True)
    models = [decoder("bahdanau", kind, layers, residual=residual, dropout=dropout).double() for _ in range(2)]
    assert models[0].backend == "fused Python"
    got, want = (looped(model, source, embedded, slow) for model, slow in zip(models, (False, True), strict=True))
    for a, b in zip(got, want, strict=True):
        torch.testing.assert_close(a, b, atol=1e-11, rtol=1e-9)


@pytest.mark.parametrize("layers", [1, 2])
def test_additive_attention_in_bf16_stays_near_float32(layers):
    model, source = decoder("bahdanau", layers=layers), encoded()
    embedded = torch.randn(3, 12, 4)
    want = model(embedded, model.start(source), source.features, source.lengths)
    with torch.autocast("cpu", torch.bfloat16):
        got = model(embedded, model.start(source), source.features, source.lengths)
    torch.testing.assert_close(got.float(), want, atol=0.03, rtol=0.03)


def test_what_runs_a_decoder_is_named():
    assert decoder(None).backend == decoder("luong").backend == "oneDNN"
    assert decoder("bahdanau").backend == "fused Python"
    assert decoder("bahdanau", "lstm_layernorm").backend == "step by step"


def test_names_say_cell_and_attention():
    assert decoder(None, "rnn").name == "rnn"
    assert decoder("luong").name == "lstm, luong attention"
    with pytest.raises(PluginError, match="no attention 'dot'"):
        decoder("dot")
