"""Two worlds: how many stories, and the register they are played on."""

import pytest
from worlds.lab import Lab


@pytest.fixture(scope="session")
def lab(app, register, owner, signer, clock):
    made = Lab(app, register, owner, signer, clock)
    yield made
    clock.stopped = None
