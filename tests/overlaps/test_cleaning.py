"""The step before every reader: what people and programs write around a value goes, and nothing of the value does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopapi.identifiers.formats.cleaning import VERBATIM, clean_up
from coopapi.identifiers.kinds import KINDS, Context, ImpossibleValue, Strength, read

# kind | as it was pasted | what the reader sees
CLEANED = r"""
phone | Tel. +31 6 12345617 | +31 6 12345617
phone | Mobile Nr.: 0612345617 | 0612345617
phone | tel:+31-6-12345617;phone-context=x | +31-6-12345617;phone-context=x
phone | sip:+31612345617@ims.example | +31612345617
phone | +31 6 12345617 (mobile) | +31 6 12345617
phone | (0-612)08769 | (0-612)08769
phone | +31‑6–12345617 | +31-6-12345617
phone | '+31612345617 | +31612345617
phone | ="0612345617" | 0612345617
phone | +31612345671.0 | +31612345671
imsi | IMSI: 204046620123404 | 204046620123404
imei | IMEI 1: 49-015420-323751-8 | 49-015420-323751-8
imei | IMEI490154203237518 | 490154203237518
imei | urn:gsma:imei:35693803-564380-0 | 35693803-564380-0
cybertip | CyberTip Nr. 123456706 | 123456706
cybertip | CyberTipReport_123456708.pdf | 123456708.pdf
national_id | PESEL 91082312314 | 91082312314
passport | Reisepass-Nr.: XR1234567 | XR1234567
passport | № XR1234567 | XR1234567
passport | ID1234512 | ID1234512
username | kik_g14 | kik_g14
username | night.heron. | night.heron.
username | [deleted] | [deleted]
kik | 1.0 | 1.0
email | Heron Night <night@example.org> | night@example.org
email | "Heron, Night" <night@example.org> | night@example.org
email | night@example.org (Heron), | night@example.org
email | night AT example DOT org | night@example.org
email | night [at] example [dot] org | night@example.org
email | mailto:night%2Bx@example.org?subject=Hi | night+x@example.org
email | mail.night@example.org | mail.night@example.org
url | h**p://board[.]example/t | http://board.example/t
url | hxxps[:]//board(dot)example/t | https://board.example/t
url | <https://board.example/t?a=1&amp;b=2> | https://board.example/t?a=1&b=2
url | https://board.example/t?a=1&copy=2 | https://board.example/t?a=1&copy=2
url | https://board.example/heron–night | https://board.example/heron–night
url | https://board.example/heron_(bird) | https://board.example/heron_(bird)
telegram | TG: @night_heron | @night_heron
telegram | tg://user?id=481516201 | tg://user?id=481516201
telegram | telegram.me/night_heron | telegram.me/night_heron
eth_address | eip155:1:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed | 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
btc_address | https://mempool.space/address/3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy | 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy
md5 | 4a8a08f09d37b73795649038408b5f33  heron_7.jpg | 4a8a08f09d37b73795649038408b5f33
md5 | MD5 (heron.jpg) = 4a8a08f09d37b73795649038408b5f33 | 4a8a08f09d37b73795649038408b5f33
md5 | 4a8a08f09d37b73795649038408b5f33 *00000000000000000000000000000001.jpg | 4a8a08f09d37b73795649038408b5f33
user_agent | "Heronfox/4.0 (reeds)" | Heronfox/4.0 (reeds)
icse_series | Series Blue Heron 8 | Blue Heron 8
ssid | Reed – Marsh, | Reed – Marsh,
vehicle_plate | AB 562 CD (F) | AB 562 CD (F)
"""


@pytest.mark.parametrize("line", CLEANED.strip().split("\n"))
def test_what_is_written_around_a_value_is_taken_away(line):
    kind, pasted, expected = line.split(" | ")
    assert clean_up(kind, pasted) == expected


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"person"}))
def test_a_clean_example_stays_as_it_is_and_can_be_labelled_and_wrapped(kind):
    example, context = KINDS[kind].example, Context(country="NL", platform="paypal" if kind == "payment_handle" else None)
    context = (
        Context(platform="chat.example") if kind == "platform_user_id" else Context() if kind in {"username", "group"} else context
    )
    keys = read(kind, example, context).keys
    for pasted in (f'"{example}"', f" {example} ", f"\u201c{example}\u201d"):
        assert read(kind, pasted, context).keys == keys
    for pasted in () if kind in VERBATIM else (f"{example},", f"'{example}", f"<{example}>"):
        assert read(kind, pasted, context).keys == keys


@pytest.mark.parametrize("kind", ["phone", "imei", "iccid", "national_id", "platform_user_id", "cybertip"])
def test_a_number_that_a_spreadsheet_has_rounded_is_refused(kind):
    for rounded in ("3.16123E+10", "8.9314403E+18", "1e+15"):
        with pytest.raises(ImpossibleValue) as refused:
            read(kind, rounded, Context(country="NL", platform="facebook"))
        assert refused.value.rule == "rounded"


def test_a_point_and_zero_of_a_spreadsheet_never_become_a_digit():
    plain = read("phone", "+31612345671", Context()).keys
    for pasted in ("+31612345671.0", "+31612345671.00", "'+31612345671.0", "Tel. +31612345671.0"):
        assert read("phone", pasted, Context()).keys == plain


def test_a_cell_with_several_values_meets_each_of_them_as_possible_evidence_only():
    cell = read("phone", "+31612345677 / +31612345678", Context())
    assert cell.warnings == ("several_values",)
    for number in ("+31612345677", "+31612345678"):
        key = read("phone", number, Context()).keys[0]
        assert {k.strength for k in cell.keys if k.text == key.text} == {Strength.POSSIBLE}
    assert read("phone", "030 1234/5678", Context(country="DE")).warnings != ("several_values",)
    assert read("phone", "+31612345677; +31 6 12345677", Context()) == read("phone", "+31612345677", Context())
    with pytest.raises(ImpossibleValue) as refused:
        read("email", "; ".join(f"heron{n}@example.org" for n in range(5)), Context())
    assert refused.value.rule == "several_values"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(KINDS.keys() - {"person"})), st.text(max_size=80))
def test_cleaning_takes_from_a_value_and_adds_nothing_but_what_it_undoes(kind, text):
    try:
        cleaned = clean_up(kind, text)
    except ImpossibleValue:
        return
    assert len(cleaned) <= len(text) + 1
