"""Short ways to enter administrators, to ask for changes of accounts, and to decide on them."""

from coopapi.directory.models import OPERATOR
from coopapi.ops import administration

ISSUER = "https://issuer.test"


def from_shell(world, subject, home="nl", **data):
    """Enter a person from the shell, an administrator if not said otherwise."""
    account = {"name": subject, "issuer": ISSUER, "subject": subject, "roles": ["admin"], **data}
    database = world.app.extensions["coopapi"].database
    world.people[subject] = administration.add_person(database, world.authorities.get(home, OPERATOR), account)
    return subject


def account(world, by, whom, home="nl"):
    """A person as an administrator sees them; gives the path and the answer."""
    path = f"/authorities/{world.authorities.get(home, OPERATOR)}/people/{world.people[whom]}"
    return path, world.as_(by).get(path).json


def add(world, by, subject, home="nl", **data):
    """Add a person over HTTP, as an administrator."""
    body = {"name": subject, "issuer": ISSUER, "subject": subject, "roles": ["admin"], **data}
    made = world.as_(by).post(f"/authorities/{world.authorities.get(home, OPERATOR)}/people", body)
    assert made.status_code == 201, made.json
    world.people[subject] = made.json["id"]
    return made.json


def change(world, by, whom, home="nl", **data):
    """Change a person over HTTP, as an administrator; gives the response."""
    path, row = account(world, by, whom, home)
    return world.as_(by).patch(path, data, If_Match=f'"{row["etag"]}"')


def asked(answer):
    """The one request that an answer says is waiting."""
    assert answer.status_code in {200, 201}, answer.json
    (one,) = answer.json["pending"]
    return one


def decide(world, by, one, event="approve", **data):
    """Decide on a request; gives the response."""
    return world.as_(by).post(f"/approvals/{one['id']}/transitions", {"event": event, **data}, If_Match=f'"{one["etag"]}"')


def allowed(world, by, one):
    """The events that the caller is told are allowed."""
    return [move["event"] for move in world.as_(by).get(f"/approvals/{one['id']}/transitions").json["allowed"]]
