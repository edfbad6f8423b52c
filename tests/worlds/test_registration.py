"""The answer to a registration does not tell whether anybody else holds the value."""

from worlds.lab import explore
from worlds.play import Secret

SECRET = Secret.REGISTRATION


def test_a_registration_is_answered_as_if_nobody_else_held_the_value(lab, number):
    explore(lab, SECRET, number)
