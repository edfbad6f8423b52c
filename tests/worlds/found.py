"""The leaks that were found by hand, as stories: each was a difference between the worlds before it was mended."""

from worlds.steps import (
    Amend,
    Ask,
    Assign,
    Correct,
    Decide,
    Export,
    Hide,
    Hold,
    Judge,
    Link,
    Look,
    Open,
    Record,
    Relabel,
    Show,
    Wait,
    Withdraw,
)


def held(case, value, about=None):
    return Hold(case, value, about, cleared=True)


def meeting(value="owl", one="nl1", other="fr1"):
    return [held(one, value), held(other, value)]


def judged(*events, who, side="nl1", other="fr1"):
    return [Judge(side, other, event, who) for event in events]


VICTIMS_ONLY_BY_NOW = [*meeting(), held("nl1", "heron"), held("fr1", "heron", "victim"), Withdraw("fr1", "owl")]
FACTS_OF_VICTIMS = [
    held("nl1", "heron"), Record("nl1", "victim", cleared=True), Record("nl1", None, cleared=False), Record("nl1", "said", cleared=True), Amend("nl1", 0, "correct"),
    Amend("nl1", 1, "correct"), Wait(), Amend("nl1", 2, "withdraw"), Record("nl1", "suspect", cleared=False), Look("nl1"), Export("nl1", "fr"),
]  # fmt: skip
ABOUT_VICTIMS = {
    "a third case holds the value for a victim": [*meeting(), held("ro1", "owl", "victim")],
    "victims met before anybody else did": [
        held("nl1", "heron"), held("nl1", "owl"), held("fr1", "heron", "victim"), held("fr1", "owl"),
    ],
    "a rejected overlap meets in a victim": [
        *meeting(), held("nl1", "heron"), *judged("take", "reject", who="uncleared"), held("fr1", "heron", "victim"),
    ],
    "cleared colleagues go on with what is withdrawn for others": [
        *VICTIMS_ONLY_BY_NOW, *judged("take", "confirm", who="cleared"), Ask("nl1", "fr1", "investigation", cleared=True),
    ],
    "such an overlap is open to all again": [
        *VICTIMS_ONLY_BY_NOW, *judged("take", "confirm", who="cleared"), held("fr1", "owl"), *judged("take", "reject", who="uncleared"),
    ],
    "a disclosure is asked to identify a victim": [
        *meeting(), *judged("take", who="cleared"), Ask("nl1", "fr1", "victim_identification", cleared=True), Decide(0, "disclose"),
        Ask("nl1", "fr1", "investigation", cleared=False), Decide(0, "refuse"),
    ],
    "a subject becomes a victim and ceases to be one": [
        held("nl1", "heron"), held("fr1", "heron", "changing"), Relabel("fr1"), Wait(), Relabel("fr1"),
    ],
    "a victim turns out to be none": [held("nl1", "heron"), Relabel("fr1"), held("fr1", "heron", "changing"), Wait(), Relabel("fr1")],
    "a value of a suspect turns out to be a victim's too": [
        held("nl1", "heron"), held("fr1", "heron", "changing"), Link("fr1", "heron", linked=True), Wait(), Relabel("fr1"), Wait(),
        Relabel("fr1"), Link("fr1", "heron", linked=False),
    ],
    "victims make a value common": [
        *meeting(), *meeting(one="nl2", other="ro1"), held("fr2", "owl", "victim"), Correct("fr2", "owl", "jay"),
    ],
    "victims make a name common": [
        *meeting("mironenko"), *meeting("myronenko", "nl2", "ro1"), held("fr2", "mironenko", "victim"),
    ],
    "a cleared colleague looks": [*VICTIMS_ONLY_BY_NOW, Look("nl1")],
    "a case with what it holds about victims is exported": [
        *meeting(), held("nl1", "heron"), held("fr1", "heron", "victim"), Export("fr1", "nl"), Export("nl1", "fr"),
    ],
    "facts about victims are recorded, corrected and withdrawn": FACTS_OF_VICTIMS,
    "people of another authority are assigned what is about victims": [
        *meeting(), held("nl1", "heron"), held("fr1", "heron", "victim"), Assign("fr1", "nl1"), Withdraw("fr1", "owl"), Assign("fr1", "nl1"),
    ],
}  # fmt: skip
HIDDEN_CASES = {
    "facts of a hidden case are recorded": [
        held("nl1", "owl"), Open("fr3"), Record("fr3", "suspect", cleared=True), Record("fr3", "victim", cleared=True), Amend("fr3", 0, "correct"),
        Show("fr3", opened=True), Record("fr3", None, cleared=True),
    ],
    "a hidden case holds the value": [*meeting(), Open("fr3"), held("fr3", "owl"), Open("ro2"), held("ro2", "owl", "victim")],
    "a hidden case is made visible": [held("nl1", "owl"), Open("fr3"), held("fr3", "owl"), Wait(), Show("fr3", opened=True)],
    "a hidden case about a victim is made visible": [
        held("nl1", "owl"), Open("fr3"), held("fr3", "owl", "victim"), Wait(), Show("fr3", opened=False),
    ],
    "what met in a hidden case is withdrawn before it is visible": [
        held("nl1", "owl"), Open("fr3"), held("fr3", "owl"), Withdraw("fr3", "owl"), Show("fr3", opened=False),
    ],
    "a case is hidden for a while": [
        *meeting(), *judged("take", "reject", who="uncleared"), held("nl1", "heron"), Hide("fr1"), held("fr1", "heron"), Wait(),
        Withdraw("fr1", "owl"), Show("fr1", opened=False),
    ],
    "a case whose overlap was withdrawn is hidden": [*meeting(), Withdraw("fr1", "owl"), Hide("fr1"), held("fr1", "owl")],
    "names are compared with a hidden case": [Open("fr3"), held("fr3", "mironenko"), held("nl1", "myronenko")],
}  # fmt: skip
OTHERS_HOLD_IT = [
    held("fr1", "heron"),
    held("ro1", "heron", "victim"),
    held("fr2", "mironenko"),
    held("nl1", "heron"),
    held("nl1", "myronenko"),
]
