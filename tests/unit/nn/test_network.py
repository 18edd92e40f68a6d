"""The whole network around a model."""

import pytest
from harness_models.lstm import LSTM
from harness_tasks.text_generation import TextGeneration

from harness.config.run_options import TrainerSettings
from harness.contract.specs import TokenInput
from harness.errors import ConfigError
from harness.nn.network import Network
from harness.targets import NextTokenTarget


@pytest.mark.parametrize("sizes", [{"hidden_size": 10**22}, {"hidden_size": 10**10}, {"layers": 10**17}])
def test_weights_larger_than_memory_are_the_users_error(sizes):
    with pytest.raises(ConfigError, match="weights of model 'lstm' do not fit into memory: choose smaller sizes"):
        Network(LSTM(**sizes), TextGeneration().signature, TokenInput(9), NextTokenTarget(9, 0, 1), TrainerSettings())


def test_other_errors_of_a_model_stay_what_they_are():
    class Broken(LSTM):
        def build(self, inputs, target):
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        Network(Broken(), TextGeneration().signature, TokenInput(9), NextTokenTarget(9, 0, 1), TrainerSettings())
