"""What every built-in model promises, for every target it fits: exactness, causality, carried state, gradients."""

import importlib
from enum import Enum

import pytest
import torch
from built_in import MODELS
from torch.utils._pytree import tree_leaves

from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, FrameInput, TokenInput, VideoInput
from harness.registry.compatibility import check
from harness.targets import ClassTarget, CTCTarget, ForecastTarget, NextTokenTarget, TaggingTarget, TokenSequenceTarget

TARGETS = [
    ClassTarget(5),
    TaggingTarget(5),
    CTCTarget(5, max_subsampling=2),
    NextTokenTarget(9),
    TokenSequenceTarget(9),
    ForecastTarget(2, 3),
]
DIM, SIZE = 12, 11
LENGTHS = torch.tensor([11, 5, 1, 8])
CLOSE = {"atol": 2e-6, "rtol": 1e-5}


def model_class(name):
    (found,) = importlib.import_module(f"harness_models.{name}").harness_models()
    return found


def signature(target, input_type=FrameInput):
    return TaskSignature("t", input_type, type(target), getattr(target, "max_subsampling", 1))


def cells():
    """Every fitting pair over embedded input, and the video reader."""
    for name in MODELS:
        for target in TARGETS:
            model = model_class(name)().tiny()
            if check(signature(target), name, model.capabilities(signature(target))).compatible:
                yield pytest.param(name, target, False, id=f"{name}-{type(target).__name__}")
    for name in ("cnn_lstm", "conv_lstm"):
        yield pytest.param(name, ClassTarget(5), True, id=f"{name}-video")


CELLS = list(cells())


def built(name, target, video):
    torch.manual_seed(3)
    model = model_class(name)().tiny()
    spec = VideoInput(3, 13, 10) if video else EmbeddedInput(DIM)
    encoder = model.build(spec, target).eval()
    x = torch.randn(4, SIZE, 3, 13, 10) if video else torch.randn(4, SIZE, DIM)
    return encoder, model.capabilities(signature(target, VideoInput if video else FrameInput)), x


@pytest.mark.parametrize(("name", "target", "video"), CELLS)
def test_shapes_and_lengths(name, target, video):
    encoder, can, x = built(name, target, video)
    out = encoder(x, LENGTHS)
    lengths = -(-LENGTHS // can.subsampling_factor)
    assert out.lengths.tolist() == lengths.tolist()
    assert out.features.shape == (4, -(-SIZE // can.subsampling_factor), encoder.feature_dim)
    assert out.summary.shape == (4, encoder.summary_dim)
    assert out.features.isfinite().all()
    assert (out.state is not None) == can.carries_state


@pytest.mark.parametrize(("name", "target", "video"), CELLS)
def test_neither_padding_nor_the_other_rows_change_a_row(name, target, video):
    encoder, can, x = built(name, target, video)
    whole = encoder(x, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        alone = encoder(x[row : row + 1, :length], LENGTHS[row : row + 1])
        shortened = -(-length // can.subsampling_factor)
        torch.testing.assert_close(whole.features[row, :shortened], alone.features[0], **CLOSE)
        torch.testing.assert_close(whole.summary[row], alone.summary[0], **CLOSE)
        if can.carries_state:
            for got, want in zip(tree_leaves(whole.state), tree_leaves(alone.state), strict=True):
                torch.testing.assert_close(got[row], want[0], **CLOSE)


@pytest.mark.parametrize(("name", "target", "video"), CELLS)
def test_an_empty_row_has_finite_results_and_gradients(name, target, video):
    encoder, _, x = built(name, target, video)
    out = encoder.train()(x, torch.tensor([11, 0, 1, 8]))
    assert out.features.isfinite().all()
    assert out.summary.isfinite().all()
    (out.features.square().sum() + out.summary.square().sum()).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in encoder.parameters())


@pytest.mark.parametrize(("name", "target", "video"), CELLS)
def test_features_read_the_future_exactly_where_no_causality_is_declared(name, target, video):
    encoder, can, x = built(name, target, video)
    full = torch.full((4,), SIZE)
    changed = x.clone()
    changed[:, 6] += 1.0
    before = (encoder(changed, full).features - encoder(x, full).features).abs()[:, : 6 // can.subsampling_factor]
    if can.causal:
        assert before.max() == 0
    else:
        assert before.max() > 1e-4


@pytest.mark.parametrize(("name", "target", "video"), CELLS)
def test_chunks_with_carried_state_equal_the_whole(name, target, video):
    encoder, can, x = built(name, target, video)
    if not can.carries_state:
        return
    whole = encoder(x, torch.full((4,), SIZE))
    for cuts in ((4, 7), (1,) * SIZE, (10, 1)):
        state, pieces, begin = None, [], 0
        for cut in cuts:
            out = encoder(x[:, begin : begin + cut], torch.full((4,), cut), state)
            state, begin = out.state, begin + cut
            pieces.append(out.features)
        torch.testing.assert_close(torch.cat(pieces, 1), whole.features, **CLOSE)
        for got, want in zip(tree_leaves(state), tree_leaves(whole.state), strict=True):
            torch.testing.assert_close(got, want, **CLOSE)


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize(("name", "target", "video"), CELLS)
def test_every_parameter_gets_a_finite_gradient(name, target, video, autocast):
    encoder, _, x = built(name, target, video)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        out = encoder.train()(x, LENGTHS)
    (out.features.float().square().sum() + out.summary.float().square().sum()).backward()
    for parameter_name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.isfinite().all(), parameter_name


@pytest.mark.parametrize("name", MODELS)
def test_decoder_steps_equal_forward(name):
    target = TokenSequenceTarget(9)
    encoder, _, x = built(name, target, video=False)
    decoder = model_class(name)().tiny().build_decoder(encoder, target, 7).eval()
    source = encoder(x, LENGTHS)
    embedded = torch.randn(4, 6, 7)
    whole = decoder(embedded, decoder.start(source), source.features, source.lengths)
    state, pieces = decoder.start(source), []
    for symbol in embedded.unbind(1):
        features, state, _ = decoder.step(symbol, state, source.features, source.lengths)
        pieces.append(features)
    torch.testing.assert_close(torch.stack(pieces, 1), whole, atol=1e-5, rtol=1e-5)
    assert whole.shape[-1] == decoder.feature_dim


@pytest.mark.parametrize("name", MODELS)
def test_models_can_be_counted_on_the_meta_device_and_grow_with_their_width(name):
    cls = model_class(name)
    can = cls().capabilities(signature(TokenSequenceTarget(9)))
    counts = []
    for steps in (4, 5):
        model = cls(**{can.size_field: steps * can.size_step})
        with torch.device("meta"):
            encoder = model.build(EmbeddedInput(DIM), TokenSequenceTarget(9))
            decoder = model.build_decoder(encoder, TokenSequenceTarget(9), DIM)
        assert all(p.is_meta for p in encoder.parameters())
        counts.append(sum(p.numel() for part in (encoder, decoder) for p in part.parameters()))
    assert counts[0] < counts[1]


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_builds_the_same_weights(name):
    one, _, _ = built(name, ClassTarget(5), video=False)
    two, _, _ = built(name, ClassTarget(5), video=False)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_attention_lstm_adds_to_lstm_and_changes_none_of_it():
    for target in TARGETS:
        plain = dict(model_class("lstm")().build(EmbeddedInput(DIM), target).named_parameters())
        attending = dict(model_class("attention_lstm")().build(EmbeddedInput(DIM), target).named_parameters())
        assert {k: v.shape for k, v in plain.items()}.items() <= {k: v.shape for k, v in attending.items()}.items()


@pytest.mark.parametrize(
    ("options", "kind", "state"),
    [
        ({}, "lstm", 64),
        ({"layer_norm": True}, "lstm_layernorm", 64),
        ({"peepholes": True}, "lstm_peephole", 64),
        ({"cells": 48}, "lstm_projection", 80),
        ({"zoneout_cell": 0.1}, "regularised lstm", 64),
        ({"zoneout_hidden": 0.1, "variational": True}, "regularised lstm", 64),
    ],
)
def test_an_option_of_lstm_is_another_cell_in_encoder_and_decoder(options, kind, state):
    model = model_class("lstm")(hidden_size=32, **options)
    target = TokenSequenceTarget(9)
    encoder = model.build(EmbeddedInput(DIM), target)
    assert getattr(encoder.stack.kind, "name", encoder.stack.kind) == kind
    assert model.build_decoder(encoder, target, 7).name == kind
    assert encoder.feature_dim == 32
    assert model.capabilities(signature(NextTokenTarget(9), TokenInput)).state_size == state


def test_only_bilstm_cannot_predict_the_next_token():
    text = signature(NextTokenTarget(9), TokenInput)
    fits = {n: check(text, n, model_class(n)().capabilities(text)).compatible for n in MODELS}
    assert [name for name, fit in fits.items() if not fit] == ["bilstm"]


@pytest.mark.parametrize(("allowed", "factor"), [(1, 1), (2, 2), (4, 2)])
def test_cnn_lstm_shortens_time_as_the_task_allows(allowed, factor):
    target = CTCTarget(5, max_subsampling=allowed)
    model = model_class("cnn_lstm")().tiny()
    assert model.capabilities(signature(target)).subsampling_factor == factor
    out = model.build(EmbeddedInput(DIM), target)(torch.randn(4, SIZE, DIM), LENGTHS)
    assert out.lengths.tolist() == (-(-LENGTHS // factor)).tolist()


def test_cnn_lstm_with_pooled_frames_sees_the_same_thing_in_either_half_of_the_picture():
    model = model_class("cnn_lstm")(pooling="mean_max").tiny()
    encoder = model.build(VideoInput(3, 64, 64), ClassTarget(5)).eval()
    left, right = torch.zeros(2, 1, 2, 3, 64, 64)
    left[:, :, :, 24:32, 16:24] = right[:, :, :, 24:32, 40:48] = torch.randn(1, 2, 3, 8, 8)
    lengths = torch.tensor([2])
    torch.testing.assert_close(encoder(left, lengths).summary, encoder(right, lengths).summary, **CLOSE)
    assert not torch.allclose(encoder(left, lengths).summary, encoder(torch.zeros_like(left), lengths).summary)


def test_cnn_lstm_shortens_by_four_when_told_to():
    model = model_class("cnn_lstm")(hidden_size=8, subsampling=4)
    target = CTCTarget(5, max_subsampling=4)
    assert model.capabilities(signature(target)).subsampling_factor == 4
    out = model.build(EmbeddedInput(DIM), target)(torch.randn(4, SIZE, DIM), LENGTHS)
    assert out.lengths.tolist() == [3, 2, 1, 2]
    assert out.features.shape[1] == 3


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("rnn", {"hidden_size": 0}, "hidden_size=0"),
        ("lstm", {"layers": 0}, "layers=0"),
        ("lstm", {"zoneout_cell": 1.0}, r"zoneout_cell=1\.0: must be at least 0 and below 1"),
        ("lstm", {"weight_dropout": -0.1}, r"weight_dropout=-0\.1"),
        ("lstm", {"cells": 0}, "cells=0: must be at least 1, or null"),
        ("lstm", {"layer_norm": True, "cells": 8}, "layer_norm, cells: these cannot be combined"),
        ("lstm", {"peepholes": True, "variational": True}, "peepholes, variational: these cannot be combined"),
        ("stacked_lstm", {"dropout": 1.5}, r"dropout=1\.5"),
        ("bilstm", {"hidden_size": 7}, "hidden_size=7: must be even"),
        ("attention_lstm", {"heads": 3}, "heads=3"),
        ("attention_lstm", {"context": 0}, "context=0"),
        ("attention_lstm", {"window": 0}, "window=0"),
        ("attention_lstm", {"score": "dot", "bidirectional": True}, "score=dot: compares equal sizes"),
        ("attention_lstm", {"score": "local", "attention": "bahdanau"}, "score=local: is for attention=luong"),
        ("cnn_lstm", {"kernel": 4}, "kernel=4: must be odd"),
        ("min_gru", {"hidden_size": 0}, "hidden_size=0"),
        ("min_lstm", {"feed_forward": -1.0}, r"feed_forward=-1\.0: must be 0 or more"),
        ("min_gru", {"convolution": -1}, "convolution=-1: must be 0 or more"),
        ("slstm", {"hidden_size": 10}, "hidden_size=10: must be a multiple of heads=4"),
        ("rwkv7", {"hidden_size": 9}, "hidden_size=9: must be a multiple of heads=2"),
        ("rwkv7", {"heads": 0}, "heads=0: must be at least 1"),
        ("delta_net", {"hidden_size": 9}, "hidden_size=9: must be a multiple of heads=2"),
        ("mamba", {"state": 0}, "state=0: must be at least 1"),
        ("mamba2", {"convolution": 0}, "convolution=0: must be at least 1"),
        ("lru", {"r_min": 0.9, "r_max": 0.5}, r"r_min=0\.9, r_max=0\.5: must rise"),
        ("s4d", {"state": 7}, "state=7: must be even"),
        ("slstm", {"heads": 0}, "heads=0: must be at least 1"),
        ("cnn_lstm", {"subsampling": 3}, "subsampling=3: must be 1, 2 or 4"),
        ("cnn_lstm", {"channels": []}, r"channels=\[\]"),
        ("conv_lstm", {"kernel": 2}, "kernel=2: must be odd"),
        ("conv_lstm", {"patch": 0}, "patch=0"),
        ("gnn_lstm", {"graph_layers": 0}, "graph_layers=0"),
        ("gnn_lstm", {"readout": 0}, "readout=0"),
        ("tcn", {"kernel": 1}, "kernel=1: must be at least 2"),
        ("transformer", {"heads": 3}, "hidden_size=128: must be a multiple of 6"),
        ("transformer", {"heads": 0}, "heads=0"),
        ("transformer", {"ff": 0}, "ff=0"),
        ("transformer", {"context": 0}, "context=0"),
    ],
)
def test_a_field_out_of_range_is_named(name, fields, message):
    cls = model_class(name)
    kinds = {field: type(getattr(cls(), field)) for field in fields}
    given = {field: kinds[field](value) if issubclass(kinds[field], Enum) else value for field, value in fields.items()}
    with pytest.raises(ValueError, match=message):
        cls(**given)
