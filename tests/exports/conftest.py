"""A case to export, and short ways to do it."""

import pytest
from exporting import Exports, make_heron, make_pair


@pytest.fixture
def exports(world):
    return Exports(world)


@pytest.fixture
def heron(world):
    return world.once(make_heron)


@pytest.fixture
def pair(world):
    return world.once(make_pair)
