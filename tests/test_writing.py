"""One normaliser for all text."""

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from coopapi.unicode_text import clean, fold


def test_folding_is_settled_for_every_character():
    unsettled = [code for code in range(sys.maxunicode) if not 0xD800 <= code < 0xE000 and fold(fold(chr(code))) != fold(chr(code))]
    assert unsettled == []


def test_the_other_order_is_not_settled():
    """The control: casefold before NFKC leaves hundreds of characters that change again."""

    def wrong(text):
        return unicodedata.normalize("NFKC", text.casefold())

    assert sum(wrong(wrong(chr(code))) != wrong(chr(code)) for code in range(sys.maxunicode) if not 0xD800 <= code < 0xE000) > 500


@given(st.text())
def test_folding_is_settled_for_every_text(text):
    assert fold(fold(text)) == fold(text)
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N"])))
def test_form_and_invisible_characters_make_no_difference(text):
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert fold(unicodedata.normalize(form, text)) == fold(text)
    assert fold("\u200b".join(text)) == fold(text)


def test_look_alikes_stay_apart():
    assert fold("раураl") != fold("paypal")


def test_digits_of_all_scripts_are_digits():
    assert fold("٠١٢३४५６７８９") == "0123456789"
