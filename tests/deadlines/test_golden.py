"""When periods end: worked out by hand from the articles, day by day, with a calendar on the desk.

Ends of days are written in UTC: 23:00 and 22:00 are midnight in Paris in winter and in summer, 22:00 and 21:00 in Athens.
"""

from datetime import UTC, datetime

import pytest

from coopapi.deadlines import computation, rules, service

# rule, the event that starts it (local time), country that owes, end in UTC, and why
RULES = [
    # --- 30 days, EIO Art. 12(3)
    ("eio_recognition", "2026-12-04T09:00+01:00", "FR", "2027-01-04T23:00", "27 days to 31 Dec, 3 Jan is a Sunday: Monday"),
    ("eio_recognition", "2025-11-25T09:00+01:00", "FR", "2025-12-26T23:00", "Thu 25 Dec; the 26th is a working day in France"),
    ("eio_recognition", "2025-11-25T09:00+01:00", "NL", "2025-12-29T23:00", "Thu 25 Dec, Fri 26 Dec a holiday, weekend: Mon 29"),
    ("eio_recognition", "2026-11-25T10:00+01:00", "NL", "2026-12-28T23:00", "Fri 25 Dec, Sat, Sun: Mon 28"),
    ("eio_recognition", "2026-04-01T10:00+02:00", "FR", "2026-05-04T22:00", "Fri 1 May: Mon 4"),
    ("eio_recognition", "2026-04-01T10:00+02:00", "NL", "2026-05-01T22:00", "1 May is no holiday in the Netherlands"),
    ("eio_recognition", "2026-06-14T10:00+02:00", "FR", "2026-07-15T22:00", "Tue 14 July: Wed 15"),
    ("eio_recognition", "2026-06-14T10:00+02:00", "DE", "2026-07-14T22:00", "14 July is a Tuesday like others in Germany"),
    ("eio_recognition", "2026-03-28T10:00+01:00", "NL", "2026-04-28T22:00", "3 days to 31 March, Mon 27 April is King's Day: Tue"),
    (
        "eio_recognition",
        "2026-10-12T10:00+02:00",
        "PL",
        "2026-11-12T23:00",
        "19 days to 31 Oct, Wed 11 Nov is Independence Day: Thu",
    ),
    ("eio_recognition", "2026-10-12T10:00+02:00", "DE", "2026-11-11T23:00", "Wed 11 Nov is a working day in Germany"),
    (
        "eio_recognition",
        "2026-09-12T10:00+02:00",
        "ES",
        "2026-10-13T22:00",
        "18 days to 30 Sep, Mon 12 Oct is the national day: Tue",
    ),
    ("eio_recognition", "2026-10-31T10:00+02:00", "RO", "2026-12-02T22:00", "Mon 30 Nov Saint Andrew, Tue 1 Dec national day: Wed"),
    (
        "eio_recognition",
        "2026-03-14T10:00+02:00",
        "GR",
        "2026-04-14T21:00",
        "17 days to 31 March, Mon 13 April is Orthodox Easter Monday",
    ),
    ("eio_recognition", "2025-09-03T10:00+02:00", "DE", "2025-10-06T22:00", "27 days to 30 Sep, Fri 3 Oct is Unity Day: Mon 6"),
    ("eio_recognition", "2024-01-30T10:00+01:00", "NL", "2024-02-29T23:00", "1 day to 31 Jan, 29 more: the leap day, a Thursday"),
    ("eio_recognition", "2024-02-01T10:00+01:00", "NL", "2024-03-04T23:00", "28 days to 29 Feb, Sat 2 March: Mon 4"),
    ("eio_recognition", "2026-02-01T10:00+01:00", "NL", "2026-03-03T23:00", "27 days to 28 Feb, Tue 3 March"),
    (
        "eio_recognition",
        "2026-11-25T10:00+00:00",
        None,
        "2026-12-26T00:00",
        "of no country: days of UTC, weekends only, Fri 25 Dec",
    ),
    # --- 90 days from the decision, EIO Art. 12(4)
    (
        "eio_execution",
        "2027-02-01T15:00+01:00",
        "FR",
        "2027-05-03T22:00",
        "27 + 31 + 30 = 88 to 30 April, Sun 2 May: Mon, in summer",
    ),
    ("eio_execution", "2026-09-26T15:00+02:00", "NL", "2026-12-28T23:00", "4 + 31 + 30 = 65 to 30 Nov, Fri 25 Dec: Mon 28"),
    ("eio_execution", "2023-12-01T15:00+01:00", "DE", "2024-02-29T23:00", "30 + 31 = 61 to 31 Jan, 29 more: Thu 29 Feb"),
    (
        "eio_execution",
        "2026-01-15T15:00+02:00",
        "GR",
        "2026-04-15T21:00",
        "16 + 28 + 31 = 75 to 31 March, Wed 15 April, after Easter",
    ),
    ("eio_execution", "2026-01-31T15:00+01:00", "ES", "2026-05-04T22:00", "28 + 31 + 30 = 89 to 30 April, Fri 1 May: Mon 4"),
    # --- a week, EIO Art. 16(1)
    ("eio_ack", "2026-12-04T09:00+01:00", "FR", "2026-12-11T23:00", "Friday to Friday"),
    ("eio_ack", "2026-12-18T09:00+01:00", "NL", "2026-12-28T23:00", "Fri 25 Dec: Mon 28"),
    ("eio_ack", "2026-12-24T09:00+01:00", "DE", "2026-12-31T23:00", "Thu 31 Dec is a working day"),
    ("eio_ack", "2026-12-25T09:00+01:00", "FR", "2027-01-04T23:00", "Fri 1 Jan: Mon 4"),
    ("eio_ack", "2026-12-30T09:00+02:00", "RO", "2027-01-08T22:00", "Wed 6 Jan Epiphany, Thu 7 Saint John: Fri 8"),
    ("eio_ack", "2026-12-30T09:00+01:00", "ES", "2027-01-07T23:00", "Wed 6 Jan Epiphany: Thu 7"),
    ("eio_ack", "2026-03-30T09:00+02:00", "DE", "2026-04-07T22:00", "Easter Monday: Tue 7 April"),
    ("eio_ack", "2026-05-07T09:00+02:00", "NL", "2026-05-15T22:00", "Thu 14 May Ascension: Fri 15"),
    ("eio_ack", "2026-05-18T09:00+02:00", "FR", "2026-05-26T22:00", "Whit Monday: Tue 26 May"),
    ("eio_ack", "2026-05-18T09:00+02:00", "ES", "2026-05-25T22:00", "Whit Monday is no national holiday in Spain"),
    ("eio_ack", "2026-10-20T09:00+02:00", "NL", "2026-10-27T23:00", "begun in summer time, ended in winter time"),
    # --- 10 days, Regulation (EU) 2023/1543 Art. 10 and 12
    ("epoc_std", "2026-01-05T10:00+01:00", "NL", "2026-01-15T23:00", "Thu 15 Jan"),
    ("epoc_std", "2026-01-05T23:59+01:00", "NL", "2026-01-15T23:00", "a minute to midnight: the day of the event is not counted"),
    ("epoc_std", "2026-01-06T00:00+01:00", "NL", "2026-01-16T23:00", "midnight begins the next day"),
    ("epoc_std", "2026-01-05T23:30+00:00", "NL", "2026-01-16T23:00", "already the 6th in Amsterdam: Fri 16"),
    ("epoc_std", "2026-01-05T23:30+00:00", "PT", "2026-01-16T00:00", "still the 5th in Lisbon: Thu 15"),
    ("epoc_std", "2026-10-15T10:00+02:00", "NL", "2026-10-26T23:00", "Sun 25 Oct, when the clocks go back: Mon 26"),
    ("epoc_std", "2026-03-18T10:00+01:00", "NL", "2026-03-30T22:00", "Sat 28 March: Mon 30, in summer time since Sunday"),
    ("epoc_std", "2026-03-24T10:00+01:00", "DE", "2026-04-07T22:00", "Good Friday 3 April to Easter Monday: Tue 7"),
    ("epoc_std", "2026-03-24T10:00+01:00", "FR", "2026-04-03T22:00", "Good Friday is a working day in France"),
    ("epoc_std", "2026-03-27T10:00+01:00", "FR", "2026-04-07T22:00", "Easter Monday: Tue 7 April"),
    ("epoc_std", "2026-03-31T10:00+03:00", "GR", "2026-04-14T21:00", "Orthodox Good Friday 10 April to Easter Monday 13: Tue"),
    ("epoc_std", "2026-03-31T10:00+03:00", "RO", "2026-04-14T21:00", "Orthodox Easter in Romania too"),
    ("epoc_std", "2026-03-31T10:00+02:00", "FR", "2026-04-10T22:00", "Fri 10 April, a week after the western one"),
    ("epoc_std", "2026-10-16T10:00+01:00", "IE", "2026-10-28T00:00", "Mon 26 Oct bank holiday: Tue 27, in winter time"),
    ("epoc_std", "2026-03-07T10:00+00:00", "IE", "2026-03-19T00:00", "Tue 17 March Saint Patrick: Wed 18"),
    ("epoc_std", "2026-04-15T10:00+01:00", "PT", "2026-04-27T23:00", "25 April is a holiday and a Saturday: Mon 27"),
    ("epoc_std", "2026-05-31T10:00+01:00", "PT", "2026-06-11T23:00", "Wed 10 June Portugal Day: Thu"),
    ("epoc_refusal", "2026-06-26T10:00+02:00", "CZ", "2026-07-07T22:00", "4 days to 30 June, Mon 6 July Jan Hus: Tue"),
    ("epoc_refusal", "2026-07-11T10:00+02:00", "BE", "2026-07-22T22:00", "Tue 21 July national day: Wed"),
    ("epoc_refusal", "2026-05-23T10:00+02:00", "IT", "2026-06-03T22:00", "8 days to 31 May, Tue 2 June: Wed"),
    ("epoc_refusal", "2026-10-16T10:00+02:00", "AT", "2026-10-27T23:00", "Mon 26 Oct national day: Tue, in winter time"),
    ("epoc_refusal", "2026-11-26T10:00+02:00", "FI", "2026-12-07T22:00", "Sun 6 Dec Independence Day is not made up for: Mon 7"),
    ("epoc_refusal", "2026-11-28T10:00+01:00", "ES", "2026-12-09T23:00", "2 days to 30 Nov, Tue 8 Dec Immaculate Conception: Wed"),
    ("epoc_refusal", "2026-02-21T10:00+02:00", "BG", "2026-03-04T22:00", "7 days to 28 Feb, Tue 3 March Liberation Day: Wed"),
    ("epoc_refusal", "2026-03-22T10:00+02:00", "CY", "2026-04-02T21:00", "9 days to 31 March, Wed 1 April national day: Thu"),
    # --- an order to preserve, its clarification, enforcement and the law of a third country
    ("epocpr", "2026-06-01T10:00+01:00", "IE", "2026-07-31T23:00", "29 + 31 = 60: Fri 31 July"),
    ("epocpr", "2026-10-27T10:00+01:00", "NL", "2026-12-28T23:00", "4 + 30 = 34 to 30 Nov, Sat 26 Dec: Mon 28"),
    ("epocpr_clarify", "2026-12-23T10:00+01:00", "NL", "2026-12-28T23:00", "Mon 28; the 24th and the 28th are two working days"),
    ("epoc_enforce_reply", "2026-12-24T10:00+01:00", "NL", "2027-01-04T23:00", "28, 29, 30, 31 Dec, not 1 Jan, Mon 4 Jan"),
    ("epoc_conflict", "2026-12-16T10:00+00:00", "IE", "2026-12-27T00:00", "Sat 26 Dec: plain days, national law may give more"),
    # --- EU-UK TCA: no act of the Union
    ("tca_decision", "2026-12-04T09:00+00:00", "GB", "2027-01-19T00:00", "27 to 31 Dec, 18 more: Mon 18 Jan"),
    ("tca_decision", "2026-11-11T09:00+01:00", "NL", "2026-12-26T23:00", "19 to 30 Nov, 26 more: Sat 26 Dec stays"),
    ("tca_execution", "2026-12-04T09:00+00:00", "GB", "2027-03-05T00:00", "27 + 31 + 28 = 86 to 28 Feb, Thu 4 March"),
    # --- arrest warrants, freezing and confiscation
    ("eaw_consent", "2026-12-15T10:00+01:00", "NL", "2026-12-28T23:00", "Fri 25 Dec: Mon 28"),
    ("eaw_decision", "2026-10-27T10:00+01:00", "NL", "2026-12-28T23:00", "4 + 30 = 34 to 30 Nov, Sat 26 Dec: Mon 28"),
    ("eaw_decision", "2026-09-01T10:00+02:00", "FR", "2026-11-02T23:00", "29 to 30 Sep, 31 more: Sat 31 Oct, so Mon 2 Nov"),
    ("eaw_surrender", "2026-04-21T10:00+02:00", "FR", "2026-05-04T22:00", "9 to 30 April, Fri 1 May: Mon 4"),
    ("eaw_surrender_postponed", "2027-01-15T00:00+01:00", "NL", "2027-01-25T23:00", "Mon 25 Jan, ten days after the new date"),
    ("confiscation_decision", "2026-11-11T09:00+01:00", "NL", "2026-12-28T23:00", "19 to 30 Nov, Sat 26 Dec: Mon 28"),
    ("freezing_decision_urgent", "2026-12-24T17:20+01:00", "DE", "2026-12-26T16:20", "Boxing Day, and stays"),
    ("freezing_execution_urgent", "2026-03-28T12:00+01:00", "FR", "2026-03-30T11:00", "13:00 in summer time"),
    # --- two days or more hold two working days, Regulation 1182/71 Art. 3(5)
    ("epoc_clarify", "2026-04-02T10:00+02:00", "DE", "2026-04-08T22:00", "Fri, Sat, Sun, Mon are off, Tue 7 is the first: Wed"),
    ("epoc_clarify", "2026-04-02T10:00+02:00", "FR", "2026-04-07T22:00", "Fri 3 and Tue 7 April are working days in France: two"),
    ("dir977_urgent_indirect", "2026-12-23T10:00+01:00", "NL", "2026-12-28T23:00", "Thu 24 works, Sat 26 moves to Mon 28: two"),
    ("dir977_urgent_indirect", "2026-12-24T10:00+01:00", "NL", "2026-12-29T23:00", "Sun 27 moves to Mon 28, the first: Tue 29"),
    ("dir977_urgent_indirect", "2026-01-09T10:00+01:00", "FR", "2026-01-13T23:00", "Sat, Sun, Mon 12 is the first: Tue 13"),
    ("dir977_other", "2026-04-03T10:00+03:00", "GR", "2026-04-14T21:00", "Orthodox Good Friday 10 April: Tue 14"),
    # --- working days
    ("epoc_enforce", "2026-01-09T10:00+01:00", "NL", "2026-01-16T23:00", "Mon 12 to Fri 16"),
    ("epoc_enforce", "2026-01-10T10:00+01:00", "NL", "2026-01-16T23:00", "from a Saturday: Mon 12 to Fri 16"),
    ("epoc_enforce", "2026-12-24T10:00+01:00", "NL", "2027-01-04T23:00", "28, 29, 30, 31 Dec, not 1 Jan, Mon 4 Jan"),
    ("epoc_enforce", "2026-12-23T10:00+01:00", "DE", "2026-12-31T23:00", "24, 28, 29, 30, 31 Dec"),
    ("epoc_enforce", "2026-12-23T10:00+01:00", "PL", "2027-01-04T23:00", "Christmas Eve is a holiday: 28, 29, 30, 31 Dec, 4 Jan"),
    ("epoc_enforce", "2026-12-30T10:00+02:00", "RO", "2027-01-11T22:00", "31 Dec, 4, 5 Jan, not 6 and 7, 8, Mon 11 Jan"),
    ("epoc_enforce", "2026-04-29T10:00+02:00", "FR", "2026-05-07T22:00", "30 April, not 1 May, 4, 5, 6, 7 May"),
    ("epoc_enforce", "2026-05-07T10:00+02:00", "FR", "2026-05-18T22:00", "not 8 May, 11, 12, 13, not Ascension, 15, 18 May"),
    ("epoc_enforce", "2026-04-01T10:00+02:00", "NL", "2026-04-10T22:00", "2 April, not 3 and 6, 7, 8, 9, 10 April"),
    # --- hours: around the clock, by UTC, never moved
    ("epoc_emergency", "2026-03-28T22:00+01:00", "NL", "2026-03-29T05:00", "07:00 by the clock on the wall, which skipped an hour"),
    ("epoc_emergency", "2026-10-24T22:00+02:00", "NL", "2026-10-25T04:00", "05:00 on the wall, where an hour came twice"),
    ("epoc_emergency", "2026-10-25T02:30+02:00", "NL", "2026-10-25T08:30", "the first 02:30 of that night"),
    ("epoc_emergency", "2026-10-25T02:30+01:00", "NL", "2026-10-25T09:30", "the second 02:30"),
    ("epoc_emergency", "2026-12-24T20:00+01:00", "DE", "2026-12-25T03:00", "Christmas night"),
    ("dir977_urgent_direct", "2026-12-31T20:00+02:00", "RO", "2027-01-01T02:00", "New Year's night"),
    ("eio_provisional", "2026-03-28T12:00+01:00", "FR", "2026-03-29T11:00", "13:00 in summer time"),
    ("eio_provisional", "2026-10-24T12:00+02:00", "FR", "2026-10-25T10:00", "11:00 in winter time"),
    ("epoc_expost", "2026-05-01T18:00+02:00", "FR", "2026-05-03T16:00", "a Sunday, and stays one"),
    (
        "epoc_refusal_emergency",
        "2026-04-02T17:00+02:00",
        "DE",
        "2026-04-06T16:00",
        "18:00 of Easter Monday, and stays: 17 to 18 is not counted",
    ),
    (
        "epoc_refusal_emergency",
        "2026-03-27T10:00+01:00",
        "NL",
        "2026-03-31T10:00",
        "four times 24 hours from 11:00: 12:00 in summer time",
    ),
    (
        "epoc_refusal_emergency",
        "2026-03-02T10:59+01:00",
        "NL",
        "2026-03-06T10:00",
        "10 to 11 is the hour of the event, so from 11:00",
    ),
    ("epoc_refusal_emergency", "2026-03-02T10:00:01+01:00", "NL", "2026-03-06T10:00", "the same hour"),
    ("epoc_emergency", "2026-03-02T10:59+01:00", "IE", "2026-03-02T17:59", "a duty keeps the earlier end"),
    (
        "eio_interception_objection",
        "2024-02-27T10:00+01:00",
        "NL",
        "2024-03-02T10:00",
        "28, 29 Feb, 1, 2 March, from 11:00: over the leap day",
    ),
    # --- no acts of the Union: what ends on a Sunday ends on a Sunday
    ("bud_29_min", "2026-03-04T10:00+01:00", "FR", "2026-05-03T22:00", "27 + 30 = 57 to 30 April, Sun 3 May"),
    ("bud_29_min", "2026-10-26T10:00+01:00", "NL", "2026-12-25T23:00", "5 + 30 = 35 to 30 Nov, Fri 25 Dec"),
    ("bud_29_min", "2026-01-02T20:00-05:00", "US", "2026-03-04T05:00", "the 2nd in Washington: 29 + 28 = 57, Tue 3 March"),
    ("bud_29_min", "2026-05-01T10:00-03:00", "BR", "2026-07-01T03:00", "30 + 30: 30 June"),
    ("bud_29_min", "2026-07-01T08:00+09:00", "JP", "2026-08-30T15:00", "the 1st in Tokyo: 30 + 30, Sun 30 Aug"),
    ("bud_29_min", "2026-01-01T00:00+00:00", None, "2026-03-03T00:00", "30 + 28 = 58, 2 March by UTC"),
    ("p2_art7_provider", "2026-06-04T12:00-04:00", "US", "2026-07-05T04:00", "26 days to 30 June, Sat 4 July"),
    ("p2_art8_serve", "2026-01-01T12:00+00:00", "GB", "2026-02-16T00:00", "30 to 31 Jan, Sun 15 Feb"),
    ("p2_art8_subscriber", "2026-05-05T12:00+02:00", "FR", "2026-05-25T22:00", "Whit Monday"),
    (
        "p2_art8_traffic",
        "2026-02-20T12:00+00:00",
        "GB",
        "2026-04-06T23:00",
        "8 + 31 = 39 to 31 March, Easter Monday, in summer time",
    ),
]

# rule, how often it was extended, start, country, end, and why: the period itself is longer
EXTENDED = [
    ("eio_recognition", 1, "2026-12-04T09:00+01:00", "FR", "2027-02-02T23:00", "60 days: 27 + 31 = 58 to 31 Jan, Tue 2 Feb"),
    ("eio_recognition", 1, "2026-03-02T09:00+01:00", "FR", "2026-05-04T22:00", "29 + 30 = 59 to 30 April, Fri 1 May: Mon 4"),
    ("eio_recognition", 1, "2026-10-27T09:00+01:00", "PL", "2026-12-28T23:00", "4 + 30 = 34 to 30 Nov, Sat 26 Dec: Mon 28"),
    ("eio_recognition", 1, "2026-11-25T10:00+01:00", "NL", "2027-01-25T23:00", "5 + 31 = 36 to 31 Dec, Sun 24 Jan: Mon 25"),
    ("eaw_decision", 1, "2026-09-01T10:00+02:00", "FR", "2026-11-30T23:00", "29 + 31 = 60 to 31 Oct, 30 more: Mon 30 Nov"),
    ("eaw_consent", 1, "2026-11-25T10:00+01:00", "NL", "2027-01-04T23:00", "40 days: 5 + 31 = 36 to 31 Dec, Mon 4 Jan"),
]

# length, unit, start, country, act of the Union, end, and why
UNITS = [
    (1, "months", "2026-01-31T10:00+01:00", "FR", True, "2026-03-02T23:00", "February has no 31st: Sat 28, so Mon 2 March"),
    (1, "months", "2026-01-31T10:00+01:00", "NL", False, "2026-02-28T23:00", "the same where nothing moves"),
    (1, "months", "2024-01-31T10:00+01:00", "FR", True, "2024-02-29T23:00", "the leap day, a Thursday"),
    (1, "months", "2026-03-31T10:00+02:00", "DE", True, "2026-04-30T22:00", "April has no 31st: Thu 30"),
    (
        1,
        "months",
        "2026-02-28T10:00+01:00",
        "FR",
        True,
        "2026-03-30T22:00",
        "the same date, not the last day: Sat 28 March, so Mon",
    ),
    (1, "months", "2026-12-31T10:00+01:00", "DE", True, "2027-02-01T23:00", "Sun 31 Jan: Mon 1 Feb"),
    (2, "months", "2026-12-31T10:00+01:00", "DE", True, "2027-03-01T23:00", "Sun 28 Feb: Mon 1 March"),
    (3, "months", "2025-11-30T10:00+01:00", "NL", True, "2026-03-02T23:00", "Sat 28 Feb: Mon 2 March"),
    (12, "months", "2024-02-29T10:00+01:00", "NL", True, "2025-02-28T23:00", "no leap day a year later: Fri 28 Feb"),
    (
        1,
        "days",
        "2026-12-24T10:00+01:00",
        "NL",
        True,
        "2026-12-28T23:00",
        "one day: Fri 25 Dec to Mon 28, the first working day is enough",
    ),
    (2, "weeks", "2026-12-21T10:00+01:00", "FR", True, "2027-01-04T23:00", "Mon 4 Jan"),
    (48, "hours", "2026-10-24T10:00+02:00", "FR", True, "2026-10-26T08:00", "09:00 in winter time; hours do not move"),
]

# due (UTC), stood still from, to, country, in hours, end, and why
STOOD = [
    ("2026-12-02T05:10", "2026-12-01T23:00+01:00", "2026-12-02T01:00+01:00", "IE", True, "2026-12-02T07:10", "two hours"),
    ("2026-03-29T05:00", "2026-03-29T00:00+01:00", "2026-03-29T05:00+02:00", "NL", True, "2026-03-29T09:00", "four hours, not five"),
    ("2026-06-11T22:00", "2026-06-03T10:00+02:00", "2026-06-05T10:00+02:00", "NL", False, "2026-06-15T22:00", "Sat 13: Mon 15"),
    ("2026-06-11T22:00", "2026-06-03T10:00+02:00", "2026-06-03T16:00+02:00", "NL", False, "2026-06-12T22:00", "06:00 of Fri 12, so to its end"),
    ("2026-10-29T23:00", "2026-10-24T12:00+02:00", "2026-10-25T12:00+01:00", "NL", False, "2026-10-30T23:00", "25 hours are a day"),
    ("2026-03-30T22:00", "2026-03-28T12:00+01:00", "2026-03-29T12:00+02:00", "NL", False, "2026-03-31T22:00", "23 hours are a day"),
    ("2026-12-18T23:00", "2026-12-09T09:00+01:00", "2026-12-16T09:00+01:00", "NL", False, "2026-12-28T23:00", "Fri 25 Dec: Mon 28"),
]  # fmt: skip


def utc(moment):
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def test_the_table_is_long_enough_to_hold_the_law():
    assert len(RULES) + len(EXTENDED) + len(UNITS) + len(STOOD) >= 70
    assert len({row[:3] for row in RULES}) == len(RULES)


@pytest.mark.parametrize(("rule", "start", "country", "end", "why"), RULES)
def test_a_period_ends_when_its_article_says(rule, start, country, end, why):
    assert service.ends(rules.load()[rule], datetime.fromisoformat(start), country) == utc(end), why


@pytest.mark.parametrize(("rule", "times", "start", "country", "end", "why"), EXTENDED)
def test_an_extended_period_is_a_longer_period(rule, times, start, country, end, why):
    assert service.ends(rules.load()[rule], datetime.fromisoformat(start), country, times) == utc(end), why


@pytest.mark.parametrize(("length", "unit", "start", "country", "eu", "end", "why"), UNITS)
def test_every_unit_is_counted_as_the_regulation_counts(length, unit, start, country, eu, end, why):
    assert computation.due(length, unit, datetime.fromisoformat(start), country, moves=eu) == utc(end), why


@pytest.mark.parametrize(("due", "stop", "go", "country", "hours", "end", "why"), STOOD)
def test_a_clock_that_stood_still_goes_on_with_what_was_left(due, stop, go, country, hours, end, why):
    stood = (datetime.fromisoformat(stop), datetime.fromisoformat(go))
    assert computation.resumed(utc(due), stood, country, hours=hours, moves=True) == utc(end), why


@pytest.mark.parametrize(("country", "calendar"), [("FR", "holidays"), ("XK", "holidays"), (None, "weekends only")])
def test_a_deadline_says_with_what_calendar_it_was_computed(country, calendar):
    assert computation.calendar_of(country) == calendar
