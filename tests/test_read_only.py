"""A service on a read-only copy of the register answers what needs no record, and refuses the rest with a problem that says where to go."""

import pytest


@pytest.fixture
def read_only(owner, database):
    """The database of the service, set to refuse every write, as a hot standby does. It is set back at the end."""

    def turn(on):
        with owner.cursor() as cursor:
            cursor.execute(f"alter database {owner.info.dbname} set default_transaction_read_only = {'on' if on else 'off'}")
        database.engine.dispose()

    yield lambda: turn(on=True)
    turn(on=False)


READ = ["/me", "/cases", "/events"]
RECORDED = ["/cases/{case}", "/cases/{case}/overlaps", "/cases/{case}/identifiers", "/cases/{case}/timeline", "/overlaps"]


def test_pages_without_a_record_are_answered_and_others_name_the_main_server(world, read_only):
    me, case = world.as_("investigator"), world.case("investigator")
    read_only()
    assert {path: me.get(path).status_code for path in READ} == dict.fromkeys(READ, 200)
    for path in RECORDED:
        answer = me.get(path.format(case=case))
        assert (path, answer.status_code, answer.json["type"]) == (path, 503, "/problems/read-only")
    answer = me.post("/cases", {"reference": "A new one", "title": "A case"})
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/read-only")
