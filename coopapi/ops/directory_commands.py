"""The commands for the directory: authorities, people, machine clients, and issuers."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

import click
from marshmallow import Schema, ValidationError

from coopapi.access import Function, Role
from coopapi.directory import codelists
from coopapi.directory.schemas import CLIENT_ROLES, AuthorityIn, AuthorityOut, ClientIn, ClientOut, PersonIn, StaffOut
from coopapi.oauth.service import accepted_issuers
from coopapi.ops import administration
from coopapi.ops.administration import Provided

F = TypeVar("F", bound=Callable[..., Any])
_CLEARED: Final = click.option("--victim-cleared", is_flag=True, help="The account may see evidence about victims.")
_COUNTRY: Final = click.option("--country", help="The country as ISO 3166-1 alpha-2 code; omit it for an organisation.")


def _roles(roles: Sequence[Role]) -> Callable[[F], F]:
    return click.option("--role", "roles", multiple=True, required=True, type=click.Choice([str(role) for role in roles]))


def _checked(schema: type[Schema], data: dict[str, Any]) -> dict[str, Any]:
    """Check input with the schema that is used over HTTP. Raises `ClickException` with one line for each fault."""
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in data.items() if value is not None}
    try:
        loaded: dict[str, Any] = schema().load(given)
    except ValidationError as fault:
        told = fault.messages if isinstance(fault.messages, dict) else {"input": fault.messages}
        lines = [f"{name}: {' '.join(_sentences(messages))}" for name, messages in told.items()]
        raise click.ClickException("\n".join(lines)) from None
    return loaded


def _sentences(messages: Any) -> list[str]:
    return [line for part in messages.values() for line in _sentences(part)] if isinstance(messages, dict) else list(messages)


def _tell(kind: str, entry: Provided) -> None:
    """Print the id, and "unchanged" on standard error if the entry existed. Raises `ClickException` if it differs."""
    if entry.differs:
        raise click.ClickException(f"{kind} {entry.id} already exists and differs in: {', '.join(entry.differs)}")
    click.echo(entry.id)
    if not entry.new:
        click.echo("unchanged", err=True)


def _show(schema: type[Schema], rows: Sequence[Any]) -> None:
    if not rows:
        raise click.ClickException("there is no entry with this id")
    click.echo(json.dumps(schema().dump(rows[0].shown()), indent=2, ensure_ascii=False))


@click.group()
def authority() -> None:
    """Manage authorities in the directory."""


@authority.command("add")
@click.argument("name")
@click.option("--type", "type", type=click.Choice(sorted(codelists.load("authority_types").codes)), required=True)
@_COUNTRY
def authority_add(**data: Any) -> None:
    """Add an authority and print its id. An existing one with the same content is left unchanged."""
    wanted = _checked(AuthorityIn, data)
    _tell("the authority", administration.provide_authority(administration.connect(), wanted))


@authority.command("list")
@_COUNTRY
def authority_list(country: str | None) -> None:
    """Print id, country, type and name of each authority, with tabs between them."""
    for row in administration.authorities(administration.connect(), country=country):
        click.echo("\t".join((str(row.id), row.country or "-", row.type, row.name)))


@authority.command("show")
@click.argument("authority_id", type=click.UUID)
def authority_show(authority_id: UUID) -> None:
    """Print an authority as JSON."""
    _show(AuthorityOut, administration.authorities(administration.connect(), only=authority_id))


@click.group()
def person() -> None:
    """Manage people who act for an authority."""


@person.command("add")
@click.argument("authority_id", type=click.UUID)
@click.argument("name")
@click.option("--issuer", help="The iss of the person's tokens; this service by default.")
@click.option("--subject", required=True, help="The subject claim of the person's tokens.")
@_roles(tuple(Role))
@_CLEARED
@click.option("--function", "functions", multiple=True, type=click.Choice(tuple(Function)), help="A function; may be repeated.")
def person_add(authority_id: UUID, issuer: str | None, **data: Any) -> None:
    """Add a person and print its id. An existing one with the same content is left unchanged."""
    database = administration.connect()
    wanted = _checked(PersonIn, {"issuer": database.settings.issuer if issuer is None else issuer, **data})
    _tell("the person", administration.provide_person(database, authority_id, wanted))


@person.command("list")
@click.argument("authority_id", type=click.UUID, required=False)
def person_list(authority_id: UUID | None) -> None:
    """Print id, authority, roles, clearance, access, subject and name of each person, with tabs between them."""
    _list_staff("person", authority_id)


@person.command("show")
@click.argument("person_id", type=click.UUID)
def person_show(person_id: UUID) -> None:
    """Print a person as JSON."""
    _show(StaffOut, administration.staff(administration.connect(), "person", only=person_id))


@click.group()
def client() -> None:
    """Manage machine clients of national systems."""


@client.command("add")
@click.argument("authority_id", type=click.UUID)
@click.argument("name")
@_roles(CLIENT_ROLES)
@_CLEARED
def client_add(authority_id: UUID, **data: Any) -> None:
    """Add a machine client. Print its id, and its secret only once. An existing one with this name is left unchanged."""
    entry = administration.provide_client(administration.connect(), authority_id, _checked(ClientIn, data))
    if entry.new:
        click.echo(json.dumps({"client_id": str(entry.id), "client_secret": entry.secret}))
    else:
        _tell("the client", entry)


@client.command("list")
@click.argument("authority_id", type=click.UUID, required=False)
def client_list(authority_id: UUID | None) -> None:
    """Print id, authority, roles, clearance, access, subject and name of each client, with tabs between them."""
    _list_staff("client", authority_id)


@client.command("show")
@click.argument("client_id", type=click.UUID)
def client_show(client_id: UUID) -> None:
    """Print a client as JSON, without its secret."""
    _show(ClientOut, administration.staff(administration.connect(), "client", only=client_id))


def _list_staff(kind: str, authority_id: UUID | None) -> None:
    for row in administration.staff(administration.connect(), kind, of=authority_id):
        rights = ",".join(row.roles), "cleared" if row.victim_cleared else "-", "active" if row.active else "ended"
        click.echo("\t".join((str(row.id), str(row.authority_id), *rights, row.subject, row.name)))


@click.group()
def issuer() -> None:
    """Manage the issuer names under which people and clients are known."""


@issuer.command("move")
@click.argument("old")
@click.argument("new")
def issuer_move(old: str, new: str) -> None:
    """Rename the issuer OLD of all its people and clients to NEW: this service or an issuer in COOPAPI_ISSUERS_FILE."""
    database = administration.connect()
    if new not in accepted_issuers(database.settings, database):
        raise click.ClickException(f"tokens of {new} are not accepted: set COOPAPI_ISSUER or COOPAPI_ISSUERS_FILE first")
    people, clients = administration.move_issuer(database, old, new)
    click.echo(f"moved {people} people and {clients} clients to {new}; restart the service with its new settings")
