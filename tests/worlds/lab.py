"""Where stories are played twice and the answers compared."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from receiving import Server, machine, send_all, webhook
from world import ISSUER, World, populate
from worlds.asking import IN_TURN, Walk
from worlds.comparing import differences
from worlds.play import OPEN_FROM_THE_START, START, Play, Secret
from worlds.steps import stories

from coopapi.ops import administration
from coopapi.webhooks.sender import Sender

CALLERS = {
    Secret.VICTIMS: (
        ("colleague", "nl"), ("colleague", "nl"), ("uncleared", "fr"), ("analyst", "nl"), ("system", "nl"), ("desk_uncleared", "desk"),
        ("central", "nl"), ("admin", "nl"),
    ),
    Secret.HIDDEN: (
        ("investigator", "nl"), ("colleague", "nl"), ("prosecutor", "nl"), ("analyst", "nl"), ("desk", "nl"), ("auditor", "nl"),
        ("contact", "nl"),
    ),
    Secret.REGISTRATION: (("investigator", "nl"), ("colleague", "nl")),
}  # fmt: skip
SEARCHING = ("investigator", "colleague", "analyst", "system", "desk", "desk_uncleared", "uncleared", "foreign")
"""Those who keep a search that finds every case of the stories."""
ROUND = 5
SHARES = {Secret.VICTIMS: 0.5, Secret.HIDDEN: 0.375, Secret.REGISTRATION: 0.125}
MORE_PEOPLE = {"romanian_uncleared": ("ro", "investigator"), "desk_uncleared": ("desk_nl", "desk")}


class Received:
    """All messages that a receiver got, in their order, as one answer. The signature cannot be equal, but its length is compared."""

    status_code, headers = 200, {}

    def __init__(self, messages):
        self.text = "\n".join(f"{self._head(got)} {got.body.decode()}" for got in messages)

    @staticmethod
    def _head(got):
        return {name: len(value) if name == "webhook-signature" else value for name, value in sorted(got.headers.items())}

    def get_data(self, *, as_text):
        assert as_text
        return self.text


class Lab:
    """One register, put back before each world of each story."""

    def __init__(self, app, register, owner, signer, clock, receiver_port):
        self.receiver_port = receiver_port
        self.app, self.register, self.owner, self.signer, self.clock = app, register, owner, signer, clock
        self.document = app.test_client().get("/openapi.json").json
        self.stories = self.comparisons = 0

    def world(self):
        """The register as every story finds it: the people, and a few visible cases with their subjects."""
        self.clock.stopped = START
        authorities, people, places = self.register.as_of("two worlds", self._begin)
        world = World(self.app, self.signer, self.clock, authorities, people)
        world.cursor = self.owner.cursor()
        return world, places

    def _begin(self):
        self.register.empty()
        authorities, people = populate(self.app)
        database = self.app.extensions["coopapi"].database
        for name, (home, role) in MORE_PEOPLE.items():
            data = {"name": name, "issuer": ISSUER, "subject": name, "roles": [role]}
            people[name] = administration.add_person(database, authorities[home], data)
        world = World(self.app, self.signer, self.clock, authorities, people)
        play = Play(world, Secret.HIDDEN, "nobody", "nl", full=True, skipped=set())
        for minute, name in enumerate(OPEN_FROM_THE_START):
            play.now(minute - 10)
            play.open(play.places[name])
        for name in SEARCHING:
            assert world.as_(name).post("/saved-searches", {"name": "All", "q": "case"}).status_code == 201
        webhook(world, machine(world), f"http://127.0.0.1:{self.receiver_port}/hook")
        return authorities, people, {name: (place.id, place.subjects) for name, place in play.places.items() if place.id}

    def compare(self, secret, caller, home, story, turn=0, only=()):
        """Play a story in both worlds, and say where the caller is answered differently, or `only` in answers of some operations."""
        skipped = set()
        answers = []
        for full in (True, False):
            world, places = self.world()
            play = Play(world, secret, caller, home, full, skipped)
            play.begin(places)
            play.run(story)
            answers.append(self._answers(play, turn, only) | ({} if only else self._received(secret, home)))
        self.stories += 1
        self.comparisons += len(answers[0])
        return differences(*answers)

    def _received(self, secret, home):
        """The bytes that the webhook of a Dutch client, which is not cleared, gets of the story; nothing if others are compared."""
        if home != "nl" or secret is Secret.REGISTRATION:
            return {}
        with Server(self.receiver_port, plain=True) as server:
            send_all(Sender(self.app.extensions["coopapi"].database, server.tls, pool=ThreadPoolExecutor(1)))
        assert server.receiver.got
        return {("webhooks", "/received"): Received(server.receiver.got)}

    def _answers(self, play, turn, only):
        own = {("step", name): answer for name, answer in play.answers}
        if play.secret is Secret.REGISTRATION:
            return {key: answer for key, answer in own.items() if "/identifiers" in key[1]}
        walk = Walk(play.world.as_(play.caller), self.document, turn, only).everything()
        return own | walk.answers


def explore(lab, secret, number):
    """Play one round of generated stories; hypothesis shows the shortest one whose worlds differ."""

    @seed(number)
    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(st.sampled_from(CALLERS[secret]), st.integers(0, IN_TURN * 3 - 1), stories(secret))
    def same_in_both(who, turn, story):
        assert lab.compare(secret, *who, story, turn) == []

    same_in_both()
