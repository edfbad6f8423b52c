"""The uncleared cannot tell from any answer what other authorities hold about victims."""

from worlds.lab import explore
from worlds.play import Secret

SECRET = Secret.VICTIMS


def test_the_uncleared_are_answered_as_if_there_were_no_victims(lab, number):
    explore(lab, SECRET, number)
