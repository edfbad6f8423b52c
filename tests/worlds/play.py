"""A story played on the register: once in full, once without what the caller must not learn of.

The story without the secret is the same list of steps. What the secret is, says `Secret`:

- VICTIMS: what cases of other authorities hold about victims. Without the secret such an identifier is registered when its subject
  ceases to be a victim, and withdrawn when the subject becomes one. Facts about victims are a secret in every case, also in the caller's own;
  without the secret they are never recorded.
- HIDDEN: what happens in other authorities' cases while these are hidden. Without the secret it happens at the moment the case becomes
  visible, or never.
- REGISTRATION: that others hold a value, as far as the answers to the caller's own registrations show it.
"""

import enum
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 12, 1, 8, tzinfo=UTC)
STEP = timedelta(minutes=1)
VALUES = {
    "heron": {"kind": "email", "value": "heron@example.org"},
    "owl": {"kind": "email", "value": "owl@example.org"},
    "jay": {"kind": "email", "value": "jay@example.org"},
    "address": {"kind": "ip", "value": "8.8.77.66"},
    "mironenko": {"kind": "person", "person": {"names": [{"full": "Александр Мироненко"}], "birth_dates": ["1984-05-17"]}},
    "myronenko": {"kind": "person", "person": {"names": [{"full": "Oleksandr Myronenko"}], "birth_dates": ["1984-05-17"]}},
}
CLEARED = {"nl": "investigator", "fr": "foreign", "ro": "romanian"}
UNCLEARED = {"nl": "colleague", "fr": "uncleared", "ro": "romanian_uncleared"}
DECIDING = {"nl": "prosecutor", "fr": "prosecutor_fr", "ro": "prosecutor_ro"}
OPEN_FROM_THE_START = ("nl1", "nl2", "fr1", "fr2", "ro1")
HIDDEN_AT_FIRST = ("fr3", "ro2")
CASES = OPEN_FROM_THE_START + HIDDEN_AT_FIRST
SUBJECTS = {"suspect": "suspect", "victim": "victim", "changing": "suspect"}


class Secret(enum.Enum):
    """What the two worlds differ by."""

    VICTIMS = "victims"
    HIDDEN = "hidden"
    REGISTRATION = "registration"


@dataclass
class Place:
    """A case of the story: its id once it is registered, its subjects, and what it holds."""

    name: str
    id: str | None = None
    hidden: bool = False
    subjects: dict = field(default_factory=dict)
    categories: dict = field(default_factory=lambda: dict(SUBJECTS))
    held: dict = field(default_factory=dict)
    waiting: list = field(default_factory=list)
    facts: list = field(default_factory=list)

    @property
    def authority(self):
        return self.name[:2]


class Play:
    """One story in one world."""

    def __init__(self, world, secret, caller, home, full, skipped):
        self.world, self.secret, self.caller, self.home, self.full = world, secret, caller, home, full
        self.skipped = skipped
        self.places = {name: Place(name) for name in CASES}
        self.answers = []
        self.disclosures, self.exclusions, self.grants = [], [], []
        self.secret_ids = set()
        self.judged_in_secret = set()
        self.at = -1

    def begin(self, places):
        """Take over the cases that are there from the start."""
        for name, (case, subjects) in places.items():
            self.places[name].id, self.places[name].subjects = case, dict(subjects)

    def run(self, steps):
        for self.at, step in enumerate(steps):
            self.now(self.at + 1)
            place = self.places.get(getattr(step, "case", None))
            if place and self.kept_back(place) and not step.reveals:
                place.waiting.append(step)
            else:
                step.act(self)
        self.now(len(steps) + 2)
        return self

    def now(self, minutes):
        self.world.clock.stopped = START + minutes * STEP + self.waited
        self.world.work()

    waited = timedelta()

    # What is secret, and what becomes of it in the world without it.

    def others(self, place):
        return place.authority != self.home

    def kept_back(self, place):
        return self.secret is Secret.HIDDEN and not self.full and place.hidden and self.others(place)

    def is_secret(self, place, category):
        """Whether a holding about somebody of this category is what the caller must not learn of."""
        about_victim = self.secret is Secret.VICTIMS and category == "victim"
        behind = self.secret is Secret.REGISTRATION
        return self.others(place) and (about_victim or behind)

    def left_out(self, step, decide):
        """Decide in the full world whether a step is left out, for both worlds."""
        if self.full and decide():
            self.skipped.add(id(step))
        return id(step) in self.skipped

    # What people do.

    def look(self, who, path):
        """Read something, under a request id that is the same in both worlds."""
        return self.world.as_(who).get(path, X_Request_Id=f"step-{self.at}-read")

    def send(self, who, method, path, json=None, **headers):
        answer = self.world.as_(who).send(method, path, json, X_Request_Id=f"step-{self.at}", **headers)
        assert answer.status_code < 500, (self.at, path, answer.json)
        if who == self.caller:
            self.answers.append((f"step {self.at}: {method} {path}", answer))
        return answer

    def change(self, who, method, path, body):
        """Change a thing as somebody who has just read it; nothing where it is not there for them."""
        read = self.look(who, path.removesuffix("/transitions"))
        if read.status_code != 200:
            return read
        return self.send(who, method, path, body, If_Match=read.headers["ETag"])

    def open(self, place):
        owner = CLEARED[place.authority]
        body = {"reference": place.name, "title": f"Case {place.name}", "visibility": "hidden" if place.hidden else "hit_no_hit"}
        place.id = self.send(owner, "POST", "/cases", body).json["id"]
        for pseudonym, category in SUBJECTS.items():
            made = self.send(owner, "POST", f"/cases/{place.id}/subjects", {"pseudonym": pseudonym, "category": category})
            place.subjects[pseudonym] = made.json["id"]

    def register(self, who, place, value, about):
        item = {**VALUES[value], **({"subjects": [{"id": place.subjects[about]}]} if about else {})}
        made = self.send(who, "POST", f"/cases/{place.id}/identifiers", {"identifiers": [item]})
        return made.json["identifiers"][0]["id"] if made.status_code == 201 else None

    def withdraw(self, who, place, identifier):
        path = f"/cases/{place.id}/identifiers/{identifier}/transitions"
        return self.change(who, "POST", path, {"event": "withdraw", "reason": "inaccurate"})

    def overlap(self, place, other):
        """The overlap of two visible cases, and whether it stands for the uncleared; as the database has it."""
        if place.id is None or other.id is None or place.hidden or other.hidden:
            return None
        self.world.cursor.execute(
            "select id, open_strength > 0 from case_overlaps where case_a = least(%s::uuid, %s) and case_b = greatest(%s::uuid, %s)",
            (place.id, other.id, place.id, other.id),
        )
        return self.world.cursor.fetchone()

    def rests_on_victims(self, place, other, found):
        """Whether what a cleared person does now may rest on what that side did, unseen by the uncleared, on victims' evidence."""
        pair = (place.name, other.name)
        if not found[1]:
            self.judged_in_secret.add(pair)
        return found[1] and pair in self.judged_in_secret
