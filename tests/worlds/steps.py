"""The steps that a story is made of. A new kind of step is a class with `act`, and a line in `stories`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from hypothesis import strategies as st
from worlds.play import CASES, CLEARED, DECIDING, HIDDEN_AT_FIRST, OPEN_FROM_THE_START, SUBJECTS, UNCLEARED, VALUES, Play, Secret


@dataclass(frozen=True)
class Step(ABC):
    """Something that people do. A step that `reveals` happens in both worlds also when its case is hidden."""

    reveals: ClassVar = False

    @abstractmethod
    def act(self, play: Play):
        """Do it."""


@dataclass(frozen=True)
class Hold(Step):
    """Register a value in a case, about one of its subjects or nobody, by somebody cleared or not."""

    case: str
    value: str
    about: str | None
    cleared: bool

    def act(self, play):
        place = play.places[self.case]
        about = self.about or ("suspect" if VALUES[self.value]["kind"] == "person" else None)
        if place.id is None or self.value in place.held:
            return
        who = (CLEARED if self.cleared else UNCLEARED)[place.authority]
        secret = play.is_secret(place, place.categories.get(about))
        made = None if secret and not play.full else play.register(who, place, self.value, about)
        place.held[self.value] = [about, made]


@dataclass(frozen=True)
class Withdraw(Step):
    """Withdraw a value of a case."""

    case: str
    value: str

    def act(self, play):
        place = play.places[self.case]
        _, identifier = place.held.pop(self.value, (None, None))
        if identifier:
            play.withdraw(CLEARED[place.authority], place, identifier)


@dataclass(frozen=True)
class Correct(Step):
    """Correct a value of a case to another of the same kind."""

    case: str
    value: str
    new: str

    def act(self, play):
        place = play.places[self.case]
        if self.value not in place.held or self.new in place.held or VALUES[self.value]["kind"] != VALUES[self.new]["kind"]:
            return
        about, identifier = place.held.pop(self.value)
        place.held[self.new] = [about, identifier]
        if identifier:
            body = {name: field for name, field in VALUES[self.new].items() if name != "kind"}
            play.change(CLEARED[place.authority], "PATCH", f"/cases/{place.id}/identifiers/{identifier}", body)


@dataclass(frozen=True)
class Link(Step):
    """A value of somebody turns out to be a victim's too, or not to be."""

    case: str
    value: str
    linked: bool

    def act(self, play):
        place = play.places[self.case]
        about, identifier = place.held.get(self.value, (None, None))
        if identifier is None or about in {None, "victim"} or (play.is_secret(place, "victim") and not play.full):
            return
        people = [about, "victim"] if self.linked else [about]
        body = {"subjects": [{"id": place.subjects[one]} for one in people]}
        play.change(CLEARED[place.authority], "PATCH", f"/cases/{place.id}/identifiers/{identifier}", body)


@dataclass(frozen=True)
class Relabel(Step):
    """A subject becomes a victim, or is no longer one."""

    case: str

    def act(self, play):
        place = play.places[self.case]
        if place.id is None or play.left_out(self, lambda: self._disclosed(play, place)):
            return
        category = "victim" if place.categories["changing"] == "suspect" else "suspect"
        place.categories["changing"] = category
        owner = CLEARED[place.authority]
        values = {value: held for value, held in place.held.items() if held[0] == "changing"}
        before = not play.full and play.is_secret(place, "victim")
        if before and category == "victim":
            for value, (about, identifier) in values.items():
                play.withdraw(owner, place, identifier)
                place.held[value] = [about, None]
        play.change(owner, "PATCH", f"/cases/{place.id}/subjects/{place.subjects['changing']}", {"category": category})
        if before and category != "victim":
            for value, (about, _) in values.items():
                place.held[value] = [about, play.register(owner, place, value, about)]

    @staticmethod
    def _disclosed(play, place):
        """The receivers of a value are told when it is withdrawn, but not when its subject becomes a victim."""
        play.world.cursor.execute(
            "select exists (select from disclosed_items d join identifiers i on i.id = d.identifier_id where i.case_id = %s)",
            (place.id,),
        )
        return play.world.cursor.fetchone()[0]


@dataclass(frozen=True)
class Open(Step):
    """Register a case that is hidden at first."""

    case: str

    def act(self, play):
        place = play.places[self.case]
        if place.id is None:
            place.hidden = True
            if play.kept_back(place):
                place.waiting.insert(0, self)
            else:
                play.open(place)


@dataclass(frozen=True)
class Hide(Step):
    """Hide a case."""

    case: str

    def act(self, play):
        place = play.places[self.case]
        if place.id and not place.hidden:
            place.hidden = True
            play.change(CLEARED[place.authority], "PATCH", f"/cases/{place.id}", {"visibility": "hidden"})


@dataclass(frozen=True)
class Show(Step):
    """Make a hidden case visible; in the world without the secret, what happened in it happens now."""

    case: str
    opened: bool
    reveals: ClassVar = True

    def act(self, play):
        place = play.places[self.case]
        if not place.hidden:
            return
        waiting, place.waiting = place.waiting, []
        if waiting and isinstance(waiting[0], Open):
            waiting.pop(0)
            play.open(place)
        for step in waiting:
            step.act(play)
        place.hidden = False
        visibility = "open_index" if self.opened else "hit_no_hit"
        play.change(CLEARED[place.authority], "PATCH", f"/cases/{place.id}", {"visibility": visibility})


@dataclass(frozen=True)
class Judge(Step):
    """Take, confirm, reject, doubt or release an overlap, as one of the three people of a side."""

    side: str
    other: str
    event: str
    who: str

    def act(self, play):
        place, other = play.places[self.side], play.places[self.other]
        found = play.overlap(place, other)
        who = {"cleared": CLEARED, "uncleared": UNCLEARED, "deciding": DECIDING}[self.who][place.authority]
        if found is None or play.left_out(self, lambda: self.who != "uncleared" and play.rests_on_victims(place, other, found)):
            return
        moves = play.look(who, f"/overlaps/{found[0]}/transitions?case_id={place.id}")
        if moves.status_code == 200:
            body = {"event": self.event, "reason": "as the papers say", "case_id": place.id}
            play.send(who, "POST", f"/overlaps/{found[0]}/transitions", body, If_Match=f'"{moves.json["etag"]}"')


@dataclass(frozen=True)
class Ask(Step):
    """Ask the other side of an overlap for disclosure."""

    side: str
    other: str
    purpose: str
    cleared: bool

    def act(self, play):
        place, other = play.places[self.side], play.places[self.other]
        found = play.overlap(place, other)
        who = (CLEARED if self.cleared else UNCLEARED)[place.authority]
        if found is None or play.left_out(self, lambda: self.cleared and play.rests_on_victims(place, other, found)):
            return
        about_victims = self.purpose == "victim_identification" or not found[1]
        secret = self.cleared and about_victims and play.secret is Secret.VICTIMS
        if (secret and not play.full) or play.look(who, f"/overlaps/{found[0]}").status_code != 200:
            return
        body = {"purpose": self.purpose, "offence": "ocsea", "items_asked": ["names"], "case_id": place.id}
        made = play.send(who, "POST", f"/overlaps/{found[0]}/disclosures", body)
        if made.status_code == 201:
            play.disclosures.append((made.json["id"], place, other, secret))


@dataclass(frozen=True)
class Decide(Step):
    """Answer what was asked, take the answer back, or withdraw the question."""

    nth: int
    event: str

    def act(self, play):
        open_ones = [d for d in play.disclosures if not d[3]]
        secret_ones = [d for d in play.disclosures if d[3]]
        for disclosures in (open_ones, secret_ones):
            if disclosures:
                self._decide(play, *disclosures[self.nth % len(disclosures)][:3])

    def _decide(self, play, disclosure, asking, owner):
        side = asking if self.event == "withdraw" else owner
        if side.hidden:
            return
        items = [
            {"identifier_id": identifier}
            for value, (about, identifier) in sorted(side.held.items())
            if identifier and side.categories.get(about) != "victim"
        ]
        body = {"event": self.event, "reason": "as the law says"}
        body |= {"items": items[:1]} if self.event.startswith("disclose") else {}
        body |= {"ground": "national_security"} if self.event == "refuse" else {}
        play.change(DECIDING[side.authority], "POST", f"/disclosures/{disclosure}/transitions", body)


@dataclass(frozen=True)
class Cooperate(Step):
    """Begin a request, a consultation or a meeting with the other side of an overlap, or form a team with it.

    A meeting begins with an overlap that everybody sees; what else begins names the overlap that its author sees, if there is one.
    """

    side: str
    other: str
    how: str

    def act(self, play):
        place, other = play.places[self.side], play.places[self.other]
        found = play.overlap(place, other)
        if (
            place.id is None
            or other.hidden
            or place.hidden
            or play.left_out(self, lambda: self.how == "meeting" and not (found and found[1]))
        ):
            return
        who, them = DECIDING[place.authority], str(play.world.authorities[other.authority])
        seen = found and play.look(who, f"/overlaps/{found[0]}").status_code == 200
        with_overlap = {"overlap_id": found[0]} if seen else {}
        path, body = {
            "request": ("/mla-requests", {"reference": f"{self.side}-{play.at}", "kind": "eio", "instrument": "eio",
                                          "executing_authority": them, "case_id": place.id, **with_overlap}),
            "consultation": ("/jurisdiction-consultations", {"facts": "The same person", "contacted": [them], "case_id": place.id,
                                                             **with_overlap}),
            "meeting": ("/meetings", {"level": "III", "title": "Who goes first", "mode": "video", "time_zone": "Europe/Paris",
                                      "origin_type": "overlap", "origin_id": found and found[0],
                                      "host_desk": str(play.world.authorities["desk_nl"])}),
            "team": ("/jits", {"reference": f"{self.side}-{play.at}", "legal_basis": "eu2000_art13", "purpose": "The same person",
                               "parties": [{"authority_id": them}]}),
        }[self.how]  # fmt: skip
        made = play.send(who, "POST", path, body)
        assert made.status_code == 201, made.json


@dataclass(frozen=True)
class Exclude(Step):
    """Exclude a kind, or what is shared with an authority, for a while or for good."""

    authority: str
    what: dict
    days: int | None

    def act(self, play):
        body = {**self.what, "reason": "shared machines"}
        if "other" in body:
            body["other_id"] = str(play.world.authorities[body.pop("other")])
        if self.days:
            body["until"] = (play.world.clock.stopped + timedelta(days=self.days)).isoformat()
        made = play.send(DECIDING[self.authority], "POST", "/exclusions", body)
        if made.status_code == 201:
            play.exclusions.append((DECIDING[self.authority], made.json["id"]))


@dataclass(frozen=True)
class Include(Step):
    """Take an exclusion back."""

    nth: int

    def act(self, play):
        if play.exclusions:
            who, exclusion = play.exclusions[self.nth % len(play.exclusions)]
            body = {"event": "withdraw", "reason": "settled"}
            play.send(who, "POST", f"/exclusions/{exclusion}/transitions", body, If_Match='"v1"')


@dataclass(frozen=True)
class Grant(Step):
    """Give another authority access to a case: to its index, or to read a case that holds no secret."""

    case: str
    to: str
    level: str

    def act(self, play):
        place = play.places[self.case]
        level = "index" if play.others(place) else self.level
        if play.secret is Secret.HIDDEN and play.others(place):
            return
        if place.id and place.authority != self.to:
            body = {"authority_id": str(play.world.authorities[self.to]), "level": level, "reason": "they work on it too"}
            made = play.send(CLEARED[place.authority], "POST", f"/cases/{place.id}/access", body)
            play.grants.append((place, made.json["id"]))


@dataclass(frozen=True)
class Revoke(Step):
    """Take access back."""

    nth: int

    def act(self, play):
        if play.grants:
            place, grant = play.grants[self.nth % len(play.grants)]
            body = {"event": "withdraw", "reason": "no longer needed"}
            path = f"/cases/{place.id}/access/{grant}/transitions"
            play.send(CLEARED[place.authority], "POST", path, body, If_Match='"v1"')


@dataclass(frozen=True)
class Assign(Step):
    """Somebody cleared of another authority takes an overlap upon themselves. It happens only in the full world: nobody else may notice."""

    side: str
    other: str

    def act(self, play):
        place, other = play.places[self.side], play.places[self.other]
        found = play.overlap(place, other)
        if found is not None and play.full and play.others(place):
            who = CLEARED[place.authority]
            body = {"type": "overlap", "id": found[0], "assignee": str(play.world.people[who])}
            assert play.world.as_(who).post("/worklist/assignments", body).status_code in {200, 403, 404}


@dataclass(frozen=True)
class Look(Step):
    """A cleared colleague looks at the overlaps of a case and of all cases."""

    case: str
    reveals: ClassVar = True

    def act(self, play):
        place = play.places[self.case]
        if not place.hidden:
            me = play.world.as_(CLEARED[place.authority])
            for path in (f"/cases/{place.id}/overlaps", "/overlaps", f"/cases/{place.id}/identifiers", "/disclosures"):
                assert me.get(path, X_Request_Id=f"step-{play.at}").status_code == 200


@dataclass(frozen=True)
class Export(Step):
    """A cleared person of the owner has a case and its timeline, with what they hold about victims, put into files for another authority."""

    case: str
    to: str

    def act(self, play):
        place = play.places[self.case]
        if place.id and not place.hidden:
            recipient = {"authority_id": str(play.world.authorities[self.to])}
            body = {"case_id": place.id, "purpose": "investigation", "recipient": recipient, "reason": "R"}
            for form in ("ndjson", "timeline-csv"):
                play.send(CLEARED[place.authority], "POST", "/exports", {**body, "format": form, "victims": True})


@dataclass(frozen=True)
class Record(Step):
    """Record a fact of a case: about one of its subjects, said to be about a victim, or about nobody."""

    case: str
    about: str | None
    cleared: bool

    def act(self, play):
        place = play.places[self.case]
        if place.id is None:
            return
        secret = play.secret is Secret.VICTIMS and self.about in {"victim", "said"}
        involved = {"about_victim": True} if self.about == "said" else {}
        involved |= {"subjects": [{"id": place.subjects[self.about]}]} if self.about in SUBJECTS else {}
        fact = {
            "kind": "payment",
            "at": "2026-03-05T14:20+01:00",
            "country": "FR",
            "place": {"name": "Gare du Nord"},
            "text": "He paid.",
        }
        fact |= {"external_id": "F1"} if self.about in {None, "victim"} else {}
        who = (CLEARED if self.cleared or secret else UNCLEARED)[place.authority]
        made = None
        if play.full or not secret:
            made = play.send(who, "POST", f"/cases/{place.id}/facts", {"facts": [{**fact, **involved}]})
        place.facts.append(made.json["facts"][0]["id"] if made is not None and made.status_code == 201 else None)


@dataclass(frozen=True)
class Amend(Step):
    """Correct or withdraw a fact of a case, as somebody cleared."""

    case: str
    nth: int
    event: str

    def act(self, play):
        place = play.places[self.case]
        fact = place.facts[self.nth % len(place.facts)] if place.facts else None
        if fact:
            path, who = f"/cases/{place.id}/facts/{fact}", CLEARED[place.authority]
            if self.event == "correct":
                play.change(who, "PATCH", path, {"text": "He paid twice.", "confidence": "high"})
            else:
                play.change(who, "POST", f"{path}/transitions", {"event": "withdraw", "reason": "inaccurate"})


@dataclass(frozen=True)
class Wait(Step):
    """Time passes, for instance until an exclusion lapses."""

    def act(self, play):
        play.waited += timedelta(days=2)


HOMES = ("nl", "fr", "ro")
_case = st.sampled_from(OPEN_FROM_THE_START)
_value = st.sampled_from(tuple(VALUES))
_about = st.sampled_from((None, "suspect", "victim", "changing"))
_MEETING = ("nl1", "fr1", "ro1", "nl2", "fr3")
_pair = st.sampled_from([(a, b) for a in CASES for b in CASES if a[:2] != b[:2]])


def _holding(cases):
    return st.builds(Hold, cases, _value, _about, st.booleans())


def _judging():
    events = st.sampled_from(("take", "take", "confirm", "reject", "doubt", "release"))
    who = st.sampled_from(("cleared", "uncleared", "deciding"))
    return st.builds(lambda pair, event, by: Judge(*pair, event, by), _pair, events, who)


def _asking():
    purposes = st.sampled_from(("investigation", "victim_identification"))
    return st.builds(lambda pair, purpose, cleared: Ask(*pair, purpose, cleared), _pair, purposes, st.booleans())


_EVENTS = ("disclose", "disclose_in_part", "refuse", "await_authorisation", "recall", "withdraw")
_EXCLUDED = ({"kind": "email"}, {"kind": "person"}, {"other": "fr"}, {"other": "ro"})


@st.composite
def stories(draw, secret, most=24):
    """Lists of steps for one kind of secret: first a few registrations that meet, then anything."""
    cases = st.sampled_from(CASES) if secret is Secret.HIDDEN else _case
    some = st.integers(0, 5)
    weighted = [
        (7, _holding(cases)),
        (1, st.builds(Withdraw, cases, _value)),
        (1, st.builds(Correct, cases, _value, _value)),
        (4, _judging()),
        (2, _asking()),
        (1, st.builds(Decide, some, st.sampled_from(_EVENTS))),
        (1, st.builds(Exclude, st.sampled_from(HOMES), st.sampled_from(_EXCLUDED), st.sampled_from((None, 1)))),
        (1, st.builds(Include, some)),
        (1, st.builds(Grant, _case, st.sampled_from(HOMES), st.sampled_from(("index", "read")))),
        (1, st.builds(Revoke, some)),
        (1, st.builds(Look, _case)),
        (1, st.builds(Export, _case, st.sampled_from(HOMES))),
        (1, st.builds(lambda pair: Assign(*pair), _pair)),
        (1, st.builds(Wait)),
        (3, st.builds(Record, cases, st.sampled_from((None, "suspect", "victim", "said")), st.booleans())),
        (1, st.builds(Amend, cases, some, st.sampled_from(("correct", "withdraw")))),
    ]
    if secret is not Secret.REGISTRATION:
        weighted += [(3, st.builds(Relabel, _case)), (2, st.builds(Link, _case, _value, st.booleans()))]
        ways = st.sampled_from(("request", "consultation", "meeting", "team"))
        weighted += [(2, st.builds(lambda pair, how: Cooperate(*pair, how), _pair, ways))]
    if secret is Secret.HIDDEN:
        hideable = st.sampled_from([case for case in CASES if case[:2] != "nl"])
        weighted += [(2, st.builds(Hide, hideable)), (4, st.builds(Show, hideable, st.booleans()))]
    kinds = [strategy for weight, strategy in weighted for _ in range(weight)]
    steps = [Open(case) for case in HIDDEN_AT_FIRST] if secret is Secret.HIDDEN else []
    steps += [
        Hold(case, draw(st.sampled_from(("heron", "owl", "mironenko"))), draw(_about), draw(st.booleans())) for case in _MEETING
    ]
    return steps + [draw(kinds[draw(st.integers(0, len(kinds) - 1))]) for _ in range(draw(st.integers(6, most)))]
