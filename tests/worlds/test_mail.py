"""Mail, by its bytes and its times, tells nothing that its receiver and others who see it must not learn."""

import re
from uuid import UUID

import pytest
from mailing import Server
from worlds.found import ABOUT_VICTIMS, HIDDEN_CASES, VICTIMS_ONLY_BY_NOW, held
from worlds.lab import Lab
from worlds.play import Play, Secret
from worlds.test_planted import planted

from coopapi.mail import messages
from coopapi.mail.mailer import Mailer

TOLD = {
    Secret.VICTIMS: ("colleague", "analyst", "central", "admin"),
    Secret.HIDDEN: ("investigator", "colleague", "prosecutor", "auditor"),
}
VICTIMS_FIRST = ABOUT_VICTIMS["victims met before anybody else did"]


class MailPlay(Play):
    """A story in which the mailer works at each moment."""

    mailer = None

    def now(self, minutes):
        super().now(minutes)
        self.mailer.look()
        self.mailer.send()


class MailLab(Lab):
    """Compares what the Dutch people get who must not learn the secret."""

    def __init__(self, *given, mail_port):
        super().__init__(*given)
        self.mail_port = mail_port

    def compare(self, secret, story):
        worlds = []
        skipped = set()
        with Server(self.mail_port) as server:
            for full in (True, False):
                world, places = self.world()
                database = self.app.extensions["coopapi"].database
                for who in TOLD[secret]:
                    self._enter(world, database, who)
                play = MailPlay(world, secret, TOLD[secret][0], "nl", full, skipped)
                play.mailer = Mailer(database)
                play.mailer.send()
                server.box.got.clear()
                came = []
                server.box.data = lambda got, came=came: came.append((f"{self.clock():%d %H:%M:%S}", got.to, bare(got))) or "250 ok"
                play.begin(places)
                play.run(story)
                worlds.append(sorted(came))
                server.box.data = lambda _got: "250 ok"
        self.stories += 1
        self.comparisons += len(worlds[0])
        return worlds

    def _enter(self, world, database, who):
        me = world.as_(who)
        made = me.post("/me/notifications/addresses", {"use": "usual", "address": f"{who}@justice.example"}).json
        code = messages.code_of(database.keys, UUID(made["id"]))
        assert me.post(f"/me/notifications/addresses/{made['id']}/confirmation", {"code": code}).status_code == 200
        assert me.patch("/me/notifications", {"frequency": "at_once"}, If_Match='"v0"').status_code == 200


def bare(got):
    """The bytes of a mail, with the length of its random id in place of the id."""
    return re.sub(rb"(?m)^Message-ID: (.*)\r\n", lambda found: b"Message-ID: %d\r\n" % len(found[1]), got.body)


@pytest.fixture
def mail_lab(app, register, owner, signer, clock, receiver_port, mail_port):
    return MailLab(app, register, owner, signer, clock, receiver_port, mail_port=mail_port)


STORIES = [
    (Secret.VICTIMS, ABOUT_VICTIMS["a third case holds the value for a victim"]),
    (Secret.VICTIMS, VICTIMS_FIRST),
    (Secret.VICTIMS, ABOUT_VICTIMS["cleared colleagues go on with what is withdrawn for others"]),
    (Secret.VICTIMS, ABOUT_VICTIMS["a subject becomes a victim and ceases to be one"]),
    (Secret.HIDDEN, HIDDEN_CASES["a hidden case holds the value"]),
    (Secret.HIDDEN, HIDDEN_CASES["a hidden case about a victim is made visible"]),
    (Secret.HIDDEN, HIDDEN_CASES["what met in a hidden case is withdrawn before it is visible"]),
]


@pytest.mark.parametrize(("secret", "story"), STORIES)
def test_the_mail_of_a_story_is_the_same_in_both_worlds(mail_lab, secret, story):
    full, without = mail_lab.compare(secret, story)
    assert full == without
    assert full


def test_a_mail_that_does_not_come_because_of_a_victim_is_seen(mail_lab, owner):
    """A leak is planted: for the uncleared too, the list keeps what has evidence about victims only, so it does not come back."""
    story = [*VICTIMS_ONLY_BY_NOW, held("fr1", "owl")]
    with planted(owner, "overlaps_to_verify", "o.open_strength > 0", "o.strength > 0"):
        full, without = mail_lab.compare(Secret.VICTIMS, story)
    assert len(full) < len(without)
    full, without = mail_lab.compare(Secret.VICTIMS, story)
    assert full == without


def test_looking_with_more_rights_than_the_person_has_is_seen(mail_lab, monkeypatch):
    looked = Mailer._waiting

    def cleared(mailer, person, role):
        with mail_lab.owner.cursor() as cursor:
            cursor.execute("update principals set victim_cleared = true where id = %s", (str(person.id),))
            try:
                return looked(mailer, person, role)
            finally:
                cursor.execute("update principals set victim_cleared = false where id = %s", (str(person.id),))

    monkeypatch.setattr(Mailer, "_waiting", cleared)
    full, without = mail_lab.compare(Secret.VICTIMS, VICTIMS_FIRST)
    assert full != without
    assert [to for _, to, _ in full] == [to for _, to, _ in without]  # by the time alone
