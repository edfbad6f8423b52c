"""Short ways to keep entries of the directory in tests, and what a complete entry says."""

POINT = {
    "network": "art35_24_7",
    "time_zone": "Europe/Amsterdam",
    "languages": ["nl", "en"],
    "powers": ["preserves", "technical_advice"],
    "contact": {"email": "heron@police.example", "emergency_phone": "+31 20 555 0100"},
    "declared_by": "Ministry of Justice",
    "valid_from": "2026-01-01",
}
TREATY = {
    "code": "nl_br_2027",
    "title": "Treaty between the Netherlands and Brazil on mutual assistance",
    "citation": "Tractatenblad 2009, 12",
    "countries": ["NL", "BR"],
    "kinds": ["mla_letter"],
    "measures": {"content": "Art. 5", "hearing": "Art. 7"},
    "says": {
        "form": "A letter with the contents of Article 4.",
        "channel": "Between central authorities.",
        "languages": "Portuguese or English.",
    },
    "source": "Tractatenblad of the Netherlands",
    "source_date": "2026-01-10",
    "valid_from": "2020-01-01",
}
COMPETENCE = {"declared_by": "Ministry of Justice", "valid_from": "2026-01-01"}
PROVIDER = {
    "legal_entity": "Heron Messaging Ireland Ltd",
    "brands": ["Heron", "HeronChat"],
    "establishment": {"kind": "designated_establishment", "name": "Heron Compliance", "country": "NL"},
    "retention": [{"data_category": "traffic", "days": 90}],
    "notification_policy": "notifies_unless_prohibited",
    "valid_from": "2026-01-01",
}
MOU = {
    "title": "Preservation by portal",
    "parties": ["National Police", "Heron Messaging Ireland Ltd"],
    "scope": "Preservation within a day",
    "valid_from": "2026-01-01",
}
VERSION = {
    "applicability": "applicable",
    "says": {"practical_details": "By portal", "deadlines": "Thirty days"},
    "languages": ["nl", "en"],
    "declared_by": "Ministry of Justice",
    "valid_from": "2026-01-01",
}
NOTICE = {"measure": "traffic", "instrument": "eio", "theme": "Traffic data", **VERSION}


def keep(world, who, path, body, **more):
    """Enter something that must be taken; gives what is kept."""
    made = world.as_(who).post(f"/{path}", {**body, **more})
    assert made.status_code == 201, made.json
    return made.json


def point(world, who="contact", **more):
    """A point of contact."""
    return keep(world, who, "contact-points", POINT, **more)


def competence(world, who="central", **more):
    """What an authority is competent for."""
    return keep(world, who, "competences", COMPETENCE, **more)


def provider(world, who="central", **more):
    """The profile of the provider of the world."""
    return keep(world, who, "providers", {**PROVIDER, "authority_id": str(world.authorities["provider"])}, **more)


def mou(world, who="central", **more):
    """A memorandum."""
    return keep(world, who, "mous", MOU, **more)


def notice(world, who="central", **more):
    """What a country requires."""
    return keep(world, who, "requirement-notices", NOTICE, **more)


def change(world, who, path, row, **what):
    """Change what was read; gives the response."""
    return world.as_(who).patch(f"/{path}/{row['id']}", what, If_Match=f'"{row["etag"]}"')


def renew(world, who, row, **what):
    """Replace a notice by a new version; gives the response."""
    return world.as_(who).post(f"/requirement-notices/{row['id']}/versions", {**VERSION, **what}, If_Match=f'"{row["etag"]}"')


def one_of_each(world):
    """One entry of each kind, all of them Dutch."""
    made = {"point": point, "competence": competence, "provider": provider, "mou": mou, "notice": notice}
    return {name: make(world, "central")["id"] for name, make in made.items()}


def bare_request(world, owner, request, *measures):
    """A Dutch request as rows alone, to share things through."""
    about = {"request": str(request), "nl": str(world.authorities["nl"]), "person": str(world.people["investigator"])}
    with owner.cursor() as cursor:
        cursor.execute(
            """insert into mla_requests (id, version, maker_id, reference, kind, requesting_id, state, urgency, wrapped, sealed, notices,
                grounds, path_countries, created_by, created_at, updated_at, reference_folded) values (%(request)s, 1, %(nl)s, %(request)s,
                'eio', %(nl)s, 'draft', 'routine', 'x', 'x', '{}', '{}', '{}', %(person)s, now(), now(), %(request)s)""",
            about,
        )
        for place, measure in enumerate(measures):
            cursor.execute(
                """insert into mla_measures (id, version, request_id, place, code, state, sealed, tokens, grounds, conditions)
                    values (%(measure)s, 1, %(request)s, %(place)s, 'x', 'pending', 'x', '{}', '{}', '{}')""",
                {**about, "measure": str(measure), "place": place},
            )
