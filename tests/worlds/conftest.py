"""Two worlds: how many stories are played, in rounds, and the register they are played on."""

import pytest
from worlds.lab import ROUND, SHARES, Lab


def pytest_generate_tests(metafunc):
    if "number" in metafunc.fixturenames:
        stories = metafunc.config.getoption("--stories") * SHARES[metafunc.module.SECRET]
        metafunc.parametrize("number", range(max(1, round(stories / ROUND))))


@pytest.fixture(scope="session")
def lab(app, register, owner, signer, clock):
    return Lab(app, register, owner, signer, clock)


@pytest.fixture(autouse=True)
def counted(lab, record_property):
    """Tell how much was compared."""
    lab.stories = lab.comparisons = 0
    yield
    record_property("two worlds", (lab.stories, lab.comparisons))
