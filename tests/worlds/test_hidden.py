"""Nobody can tell from any answer what is in other authorities' hidden cases."""

from worlds.lab import explore
from worlds.play import Secret

SECRET = Secret.HIDDEN


def test_all_are_answered_as_if_there_were_no_hidden_cases_of_others(lab, number):
    explore(lab, SECRET, number)
