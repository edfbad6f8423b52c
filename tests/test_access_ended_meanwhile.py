"""Access to a case that ends between two statements of a request: nothing of the case is shown any more."""

import pytest
from meanwhile import Meanwhile
from searching import found
from sqlalchemy import select

from coopapi.auth.authentication import actor_of
from coopapi.cases import views
from coopapi.cases.models import Case
from coopapi.identifiers import registration


@pytest.fixture
def shared(world):
    """A Dutch case that the French may read."""
    grant = {"authority_id": str(world.authorities["fr"]), "level": "read", "reason": "joint"}
    return world.case("investigator", reference="NL-17", access=[grant])


@pytest.fixture
def end(world, owner):
    """Ends the access of the French."""

    def end():
        with owner.cursor() as cursor:
            cursor.execute("update case_access set until = '2000-01-01' where authority_id = %s", (world.authorities["fr"],))

    return end


def test_a_case_that_was_read_before_is_left_out(world, database, shared, end):
    """It was once shown as to the authority that had just opened it."""
    with database.work(lambda opening: actor_of(opening, "https://issuer.test", "foreign", None), "r") as work:
        (case,) = work.session.scalars(select(Case)).all()
        (shown,) = views.show_cases(work, [case])
        end()
        assert (shown["level"], views.show_cases(work, [case])) == ("read", [])


def test_a_search_does_not_find_it(world, monkeypatch, shared, end):
    assert found(world, "foreign", "nl-17") == ["NL-17"]
    monkeypatch.setattr(views, "_SHOWN", Meanwhile(views._SHOWN, end))
    assert found(world, "foreign", "nl-17") == []


def test_a_graph_tells_nothing_of_it(world, monkeypatch, shared, end):
    monkeypatch.setattr(views, "_SHOWN", Meanwhile(views._SHOWN, end))
    refused = world.as_("foreign").get(f"/graph?case_id={shared}")
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/forbidden")  # the consultation cannot be noted


def test_an_identifier_of_it_is_not_corrected(world, monkeypatch, end):
    grant = {"authority_id": str(world.authorities["fr"]), "level": "contribute", "reason": "joint"}
    case = world.case("investigator", access=[grant])
    (row_id,) = world.hold("foreign", case, "one@example.org")
    found = registration.identifier_of

    def found_last(*args, **more):
        row = found(*args, **more)
        end()
        return row

    monkeypatch.setattr(registration, "identifier_of", found_last)
    url = f"/cases/{case}/identifiers/{row_id}"
    refused = world.as_("foreign").patch(url, {"source_grading": "B"}, If_Match='"v1"')
    assert (refused.status_code, refused.json["type"]) == (404, "/problems/not-found")
