"""Every test of the engine begins with the same random numbers, whatever ran before."""

import keras
import numpy as np
import pytest
from support import RANDOM


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    keras.utils.set_random_seed(0)
    RANDOM.bit_generator.state = np.random.default_rng(0).bit_generator.state
