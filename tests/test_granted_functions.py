"""Every function that the application's role may execute, and every id that it takes. A caller without a part in a thing is refused."""

import json

import pytest
from test_definer_rights import run
from test_policies import fill, things  # noqa: F401 (a fixture)

ARGUMENTS = """
    select p.proname, p.proargnames[t.n] from pg_proc p cross join lateral unnest(p.proargtypes::oid[]) with ordinality t (type, n)
    where p.pronamespace = 'priv'::regnamespace and has_function_privilege('coopapi_app', p.oid, 'execute')
      and t.type in ('uuid'::regtype, 'uuid[]'::regtype)"""
REFUSED = {
    ("admit", "p_object"): "select priv.admit('{meeting}', '{fr}', 'invited', null, true, null)",
    ("admit", "p_authority"): "select priv.admit(gen_random_uuid(), '{nl}', 'invited', null, true, null)",
    ("admit", "p_case"): "select priv.admit(gen_random_uuid(), '{fr}', 'invited', '{case}', true, null)",
    ("answer_responsibility", "p_grant"): "select priv.answer_responsibility(gen_random_uuid(), 1, true, null, 'r')",
    ("apply_quota", "p_approval"): "select priv.apply_quota((select id from approvals limit 1))",
    ("apply_to_account", "p_approval"): "select priv.apply_to_account('{approval}')",
    ("ask_approval", "p_authority"): "select priv.ask_approval(gen_random_uuid(), '{nl}', 'account', '{person}', 1, '{}', 'r')",
    ("candidates", "p_identifiers"): "select * from priv.candidates(array['{second}'::uuid], '{}', '{}', '{}', array[4, 4])",
    ("values_to_compare", "p_identifiers"): "select * from priv.values_to_compare(array['{second}'::uuid])",
    ("unfinished_imports", "p_imports"): "select * from priv.unfinished_imports(array[gen_random_uuid()])",
    ("families_to_compare", "p_a"): "select * from priv.families_to_compare(array['{second}'::uuid], array[gen_random_uuid()])",
    ("families_to_compare", "p_b"): "select * from priv.families_to_compare(array[gen_random_uuid()], array['{second}'::uuid])",
    ("case_waiting", "p_case"): "select * from priv.case_waiting('{case}', array['overlap'], '{}', '[]', '[]', 1)",
    (
        "difficulties",
        "p_case",
    ): "select * from priv.difficulties('2000-01-01', '2100-01-01', array['mla_letter', 'eio'], null, null, '{case}', '{}', '30 days')",
    ("page_of_durations", "p_case"): "select * from priv.page_of_durations('{case}', array['overlap'], '{}', null, 1)",
    ("case_to_add_to", "p_case"): "select * from priv.case_to_add_to('{case}')",
    ("open_registration", "p_case"): "select id from priv.open_registration('{case}', '{}', '{}', '{}', null)",
    ("compute_anew", "p_m"): "select priv.compute_anew(array['{case}'::uuid], '{}', array[4, 4])",
    ("compute_anew", "p_n"): "select priv.compute_anew('{}', array['{case}'::uuid], array[4, 4])",
    ("differences", "p_m"): "select priv.differences(array['{case}'::uuid], '{}', array[4, 4])",
    ("differences", "p_n"): "select priv.differences('{}', array['{case}'::uuid], array[4, 4])",
    ("change_account", "p_account"): "select priv.change_account('{person}', 1, '{}')",
    ("confirm_hiding", "p_case"): "select priv.confirm_hiding('{case}')",
    ("count_live", "p_case"): "select priv.count_live('{case}', '{}')",
    ("decide_approval", "p_approval"): "select priv.decide_approval('{approval}', 1, 'approve', null, 'r')",
    ("may_declare", "p_authority"): "select priv.may_declare('{nl}', 'NL')",
    ("disclosed", "p_disclosure"): "select * from priv.disclosed('{disclosure}')",
    ("end_members", "p_jit"): "select priv.end_members('{team}', '{nl}')",
    ("end_shares", "p_jit"): "select priv.end_shares('{team}', '{nl}')",
    ("excluded_everywhere", "p_identifiers"): "select * from priv.excluded_everywhere(array['{second}'::uuid])",
    ("shown_identifiers", "p_identifiers"): "select excluded from priv.shown_identifiers(array['{second}'::uuid])",
    ("may_have_evidence", "p_object"): "select priv.may_have_evidence('{team}', '{nl}')",
    ("provides_item", "p_evidence"): "select priv.provides_item('{item}', '{shared}', '{nl}')",
    ("may_grant_access", "p_case"): "select priv.may_grant_access('{case}')",
    ("assign_verifier", "p_jit"): "select priv.assign_verifier('{team}')",
    ("high_frequency", "p_case"): "select * from priv.high_frequency('{case}', array[0, 0])",
    ("hold", "p_case"): "select * from priv.hold('{case}', '{}', '{}', '{}', '{}', '{}', '{}')",
    (
        "hold",
        "p_identifiers",
    ): "select * from priv.hold('{mine}', array['{second}'::uuid], array['x'::bytea], '{x}', '{1}', '{x}', '{f}')",
    ("hold_pending", "p_case"): "select * from priv.hold_pending('{case}')",
    ("in_team", "p_jit"): "select priv.in_team('{team}')",
    ("is_party", "p_jit"): "select priv.is_party('{team}')",
    ("is_person", "p_principal"): "select priv.is_person('{person}', '{fr}')",
    ("is_person", "p_authority"): "select priv.is_person('{person}', '{nl}')",
    ("may_edit_entries", "p_authority"): "select priv.may_edit_entries('{nl}')",
    ("take_correction", "p_approval"): "select priv.take_correction('{approval}')",
    ("may_decide", "p_approval"): "select priv.may_decide('{approval}')",
    ("told_detail", "p_object"): """select * from jsonb_each(priv.told_detail('{shared}', '{"grounds": ["x"]}'))""",
    ("sees_item", "p_evidence"): "select priv.sees_item('{item}')",
    ("may_read_item", "p_evidence"): "select priv.may_read_item('{item}')",
    ("shown_cases", "p_cases"): "select * from priv.shown_cases(array['{case}'::uuid])",
    (
        "shown_evidence",
        "p_overlaps",
    ): "select * from priv.shown_evidence(array['{overlap}'::uuid], array['{mine}'::uuid], '{4,4}', true, 0, 9)",
    (
        "shown_evidence",
        "p_mine",
    ): "select * from priv.shown_evidence(array['{overlap}'::uuid], array['{case}'::uuid], '{4,4}', true, 0, 9)",
    (
        "overlaps_with_evidence",
        "p_case",
    ): "select listed from priv.overlaps_with_evidence('{case}', null, '{\"strength\": 0}', 9e18::bigint, '{case}', 9, '{4,4}', true, 9)",
    (
        "overlaps_with_evidence",
        "p_overlaps",
    ): "select id from priv.overlaps_with_evidence(null, array['{overlap}'::uuid], null, null, null, 9, '{4,4}', true, 9) where id is not null",
    ("shown_sides", "p_overlaps"): "select * from priv.shown_sides(array['{overlap}'::uuid], null)",
    ("shown_sides", "p_mine"): "select * from priv.shown_sides(array['{overlap}'::uuid], '{case}')",
    ("stop_acting", "p_object"): "select priv.stop_acting('{meeting}', 'host', null, now())",
    ("plant_honey", "p_id"): "select priv.plant_honey(gen_random_uuid(), 'email', '{}')",
    ("quota_version", "p_authority"): "select priv.quota_version('{fr}')",
    ("receivers", "p_object"): "select priv.receivers('{shared}', '{nl}')",
    ("recheck", "p_after"): "select * from priv.recheck(gen_random_uuid(), 1, array[4, 4])",
    ("reconsider", "p_exclusion"): "select priv.reconsider((select id from exclusions limit 1))",
    (
        "register",
        "p_case",
    ): "select fresh from priv.register('{case}', '[{\"id\": \"{case}\"}]', '[]', '{}', '{}', '{}', '{}', '{}', '{}', false)",
    (
        "register",
        "p_identifiers",
    ): "select fresh from priv.register('{mine}', '[]', '[]', array['{second}'::uuid], array['x'::bytea], '{x}', '{1}', '{x}', '{f}', false)",
    (
        "register_in_cases",
        "p_cases",
    ): "select * from priv.register_in_cases('[]', '[]', array['{case}'::uuid], array['{second}'::uuid], array['x'::bytea], '{x}', '{1}', '{x}', '{f}')",
    (
        "register_in_cases",
        "p_identifiers",
    ): "select * from priv.register_in_cases('[]', '[]', array['{mine}'::uuid], array['{second}'::uuid], array[sha256('x')], '{x}', '{1}', '{x}', '{f}')",
    ("relabel", "p_case"): "select * from priv.relabel('{case}', null, 'suspect', null)",
    ("relabel", "p_subject"): "select * from priv.relabel('{mine}', '{subject}', 'suspect', null)",
    ("kinds_of_subject", "p_case"): "select * from priv.kinds_of_subject('{case}', '{subject}')",
    ("kinds_of_subject", "p_subject"): "select * from priv.kinds_of_subject('{mine}', '{subject}')",
    ("level", "p_case"): "select priv.level('{case}')",
    (
        "page_of_events",
        "p_case",
    ): "select * from priv.page_of_events('0', 0, null, null, null, null, '{case}', 9)",
    ("page_of_overlaps", "p_case"): "select * from priv.page_of_overlaps('{case}', '{\"strength\": 0}', 9e18::bigint, '{case}', 9)",
    (
        "page_of_timeline",
        "p_cases",
    ): "select id from priv.page_of_timeline(array['{case}'::uuid], '{\"descending\": true}', null, null, null, 9, 9)",
    ("newest_in_timeline", "p_cases"): "select priv.newest_in_timeline(array['{case}'::uuid], '1 day', 9)",
    ("shown_facts", "p_facts"): "select subjects, identifiers from priv.shown_facts(array['{fact}'::uuid])",
    ("keep_facts", "p_facts"): "select priv.keep_facts(array['{fact}'::uuid])",
    ("relink_facts", "p_facts"): "select priv.relink_facts(array['{fact}'::uuid], '[]', '[]')",
    ("facts_at", "p_facts"): "select fact from priv.facts_at(array['{fact}'::uuid], array[1])",
    ("things_of_subject", "p_subject"): "select array_remove(priv.things_of_subject('{subject}'), '{subject}') <> '{}'",
    ("seen_identifier", "p_identifier"): "select nullif(priv.seen_identifier('{second}'), '00000000-0000-0000-0000-000000000000')",
    (
        "names_of",
        "p_things",
    ): "select id from priv.names_of(array['{case}', '{subject}', '{second}']::uuid[], '{}', '{}', '{}')",
    ("names_of", "p_shared"): "select id from priv.names_of('{}', array['{meeting}', '{shared}']::uuid[], '{}', '{}')",
    ("names_of", "p_overlaps"): "select id from priv.names_of('{}', '{}', array['{overlap}'::uuid], array['{case}'::uuid])",
    ("names_of", "p_mine"): "select id from priv.names_of('{}', '{}', array['{overlap}'::uuid], array['{mine}'::uuid])",
    (
        "same_values",
        "p_identifiers",
    ): "select * from priv.same_values(array['{second}'::uuid], array['{case}', '{other}']::uuid[], '{9,9}')",
    (
        "same_values",
        "p_cases",
    ): "select * from priv.same_values(array['{second}'::uuid], array['{case}', '{other}']::uuid[], '{9,9}')",
    ("link_subjects", "p_case"): "select * from priv.link_subjects('{case}', '[]', null, null)",
    ("link_subjects", "p_complete"): "select * from priv.link_subjects('{mine}', '[]', null, '{second}')",
    ("of_victims_alone", "p_case"): "select * from priv.of_victims_alone('{case}', array['{second}'::uuid])",
    ("of_victims_alone", "p_identifiers"): "select * from priv.of_victims_alone('{mine}', array['{second}'::uuid])",
    ("release", "p_case"): "select * from priv.release('{case}', null)",
    ("release", "p_identifiers"): "select * from priv.release('{mine}', array['{second}'::uuid])",
    ("remove_honey", "p_id"): "select priv.remove_honey(gen_random_uuid())",
    ("repair", "p_a"): "select priv.repair(array['{second}'::uuid], '{}', '{}', '{}', '{}')",
    ("repair", "p_b"): "select priv.repair('{}', array['{second}'::uuid], '{}', '{}', '{}')",
    ("reserve", "p_case"): "select * from priv.reserve('{case}', '{}', '{}', '{}', null)",
    ("reshare", "p_object"): "select priv.reshare('{team}', 'x')",
    ("tell_responsible", "p_grant"): "select priv.tell_responsible(gen_random_uuid(), 'case.responsible_named', 'r')",
    ("whom_to_consult", "p_case"): "select priv.whom_to_consult('{case}', null)",
    ("whom_to_consult", "p_overlap"): "select priv.whom_to_consult('{case}', '{overlap}')",
    ("set_quota", "p_authority"): "select priv.set_quota('{fr}', '{1,1,1,1}', null, 'x')",
    ("give_desk_its_cases", "p_desk"): "select priv.give_desk_its_cases('{fr}')",
    ("hosts_for", "p_meeting"): "select priv.hosts_for('{meeting}', '{nl}')",
    ("may_record_for", "p_object"): "select priv.may_record_for('{shared}', '{nl}')",
    ("tell", "p_disclosure"): "select priv.tell('{disclosure}', 'disclosure.asked', '{}', 'r')",
    ("tell_recipients", "p_identifier"): "select priv.tell_recipients('{second}', 'withdrawn', 'r')",
    ("due_of", "p_object"): """select priv.due_of('{shared}', null, 'executing', '{"idle": [], "lapsing": []}')""",
    ("own_case", "p_object"): "select priv.own_case('{shared}')",
    ("is_assigned", "p_object"): "select priv.is_assigned('overlap', '{overlap}', 'x')",
    ("forbidden_terms", "p_jit"): "select * from priv.forbidden_terms('{team}')",
    ("value_tokens", "p_case"): "select priv.value_tokens('{case}', '{second}')",
    ("value_tokens", "p_identifier"): "select priv.value_tokens('{mine}', '{second}')",
    ("verify_item", "p_evidence"): "select priv.verify_item('{item}')",
    ("apply_webhook", "p_approval"): "select priv.apply_webhook('{approval}')",
    ("apply_export", "p_approval"): "select priv.apply_export('{approval}')",
    ("refuse_export", "p_approval"): "select priv.refuse_export('{approval}')",
    ("apply_instrument", "p_approval"): "select priv.apply_instrument('{approval}')",
    ("refuse_instrument", "p_approval"): "select priv.refuse_instrument('{approval}')",
    ("resume_webhook", "p_endpoint"): "select priv.resume_webhook('{webhook}')",
    ("send_webhook", "p_endpoint"): "select priv.send_webhook(gen_random_uuid(), '{webhook}', null)",
    ("send_webhook", "p_delivery"): "select priv.send_webhook(gen_random_uuid(), '{webhook}', '{delivery}')",
    ("enter_deliveries", "p_endpoint"): "select priv.enter_deliveries('{webhook}', '{}', '{}', '[]')",
    ("take_deliveries", "p_endpoint"): "select * from priv.take_deliveries('{webhook}', 9, 9)",
    ("skip_delivery", "p_delivery"): "select priv.skip_delivery('{delivery}')",
    ("settle_delivery", "p_delivery"): "select priv.settle_delivery('{delivery}', 'delivered', null, null)",
    ("ask_address", "p_person"): "select priv.ask_address(gen_random_uuid(), '{keeper}', 'usual', 'x')",
    ("confirm_address", "p_address"): "select priv.confirm_address('{address}')",
    ("settle_mail", "p_mail"): "select priv.settle_mail(gen_random_uuid(), null, false)",
    ("tell", "p_person"): "select priv.tell('{keeper}', null, '{}', '{}', '{}', true, null)",
    ("escalate", "p_deadline"): "select priv.escalate(gen_random_uuid())",
    ("to_index", "p_things"): "select * from priv.to_index(array['{case}'::uuid])",
    **dict.fromkeys(
        [("index_things", "p_things"), ("index_things", "p_of"), ("index_things", "p_places")],
        "select priv.index_things(array['{case}'::uuid], '{}', array['{case}'::uuid], array['{case}'::uuid], '{}', '{}', '{}')",
    ),
    ("to_reread", "p_ids"): "select * from priv.to_reread(99, array['{mine}'::uuid])",
    ("listed_to_reread", "p_ids"): "select * from priv.listed_to_reread(99, array['{mine}'::uuid])",
    ("is_pressing", "p_request"): "select priv.is_pressing('{request}', '{}')",
    ("pause_restored_webhook", "p_endpoint"): "select priv.pause_restored_webhook('{webhook}')",
    ("reserve_search", "p_case"): "select * from priv.reserve_search('{case}', gen_random_uuid(), '{}', '{}')",
    ("searchable", "p_objects"): "select * from priv.searchable(array['{case}', '{request}', '{team}', '{meeting}']::uuid[])",
    (
        "search",
        "p_only",
    ): """select object_id from priv.search('{x}', '[["=nl"]]', '[[]]', '{"kinds": ["case"]}', null, null, 9, array['{case}'::uuid])
        where object_id is not null""",
    ("tell_found", "p_search"): "select priv.tell_found(gen_random_uuid(), '{}', '{}', '{}')",
    ("know_found", "p_search"): "select priv.know_found(gen_random_uuid(), '{}', '{}')",
}
TESTED_BY_ITSELF = {
    ("stop_import", "p_import"), ("stop_export", "p_export"), ("hold_item", "p_evidence"), ("settle_item", "p_evidence"), ("add_likenesses", "p_a"), ("add_likenesses", "p_b"), ("store_reread", "p_identifiers"), ("store_listed", "p_exclusion"),
    ("remove_address", "p_address"),
}  # fmt: skip
FOR_ALL = {
    ("manned", "p_points"): "points of contact are for everybody, and only whether somebody is on duty is told",
    ("state_index", "p_after"): "a place in the caller's own list",
    ("settled", "p_case"): "to a caller without access every case is settled; whether the worker is late is in /readyz",
    ("page_of_cases", "p_before"): "a place in the caller's own list",
    ("page_of_timeline", "p_fact"): "a place in the caller's own timeline",
    ("overlaps_with_evidence", "p_id"): "a place in the list, which need not be the id of an overlap",
    ("page_of_overlaps", "p_id"): "a place in the list, which need not be the id of an overlap",
    ("search", "p_id"): "a place in the caller's own list",
    ("identifiers_with", "p_before"): "a place among the caller's own cases",
    ("identifiers_with", "p_after"): "a place among the identifiers of that case",
    ("client", "p_client"): "who proves to be a client has no context yet",
    ("same_state", "p_authority"): "the country of an authority is in the directory",
    ("may_be_responsible", "p_authority"): "country and type of an authority are in the directory",
    ("may_be_responsible", "p_owner"): "country and type of an authority are in the directory",
    ("has_users", "p_authority"): "whether an authority takes part in the register is no secret",
    ("public_jits", "p_id"): "public", ("public_jits", "p_after"): "public",
    ("overlaps_to_verify", "p_after"): "only the place at which the caller's own list goes on",
    ("overlaps_to_verify", "p_side"): "only the place at which the caller's own list goes on",
    ("open_registration", "p_identifiers"): "as for reserve",
    ("reserve", "p_identifiers"): "not registered yet when it is announced; the figures take only those that the case came to hold",
}  # fmt: skip
GUARDED_BY_ANOTHER_ID = {
    ("ask_approval", "p_id"), ("ask_approval", "p_object"), ("send_webhook", "p_id"), ("end_members", "p_authority"), ("end_shares", "p_authority"),
    ("may_have_evidence", "p_authority"), ("provides_item", "p_object"), ("provides_item", "p_provider"), ("stop_acting", "p_keep"),
    ("receivers", "p_provider"), ("may_record_for", "p_authority"), ("link_subjects", "p_fresh"), ("due_of", "p_item"),
    ("hosts_for", "p_authority"), ("ask_address", "p_id"), ("reserve_search", "p_search"), ("tell_found", "p_compared"),
    ("tell_found", "p_found"), ("know_found", "p_found"),
}  # fmt: skip
"""What is asked or done with them concerns the thing alone that another argument names, and that one is checked."""


def test_every_id_that_a_granted_function_takes_has_its_place_here(owner, migrated):
    with owner.cursor() as cursor:
        cursor.execute(ARGUMENTS)
        assert set(cursor.fetchall()) == REFUSED.keys() | TESTED_BY_ITSELF | FOR_ALL.keys() | GUARDED_BY_ANOTHER_ID


@pytest.fixture
def strange(world, owner, things):  # noqa: F811
    """What the French have no part in, and a case of their own."""
    with owner.cursor() as cursor:
        cursor.execute("select id from approvals where authority_id = %s", (str(world.authorities["nl"]),))
        approval = cursor.fetchone()[0]
        cursor.execute("select id from facts where authority_id = %s limit 1", (str(world.authorities["nl"]),))
        fact = cursor.fetchone()[0]
    return {**things, "mine": world.case("foreign"), "approval": approval, "fact": fact}


@pytest.mark.parametrize(("function", "argument"), REFUSED, ids=lambda value: value)
def test_who_has_no_part_in_a_thing_is_refused(world, strange, function, argument):
    answer = run(world, "foreign", fill(REFUSED[function, argument], strange))
    assert answer == "42501" or not any(value for row in answer for value in row)


def test_who_is_not_near_an_item_of_a_thing_neither_holds_nor_settles_it(world, owner, strange):
    with owner.cursor() as cursor:
        cursor.execute(
            "insert into parties values (gen_random_uuid(), %s, %s, 'executing', null, true, now(), null)",
            (strange["shared"], strange["fr"]),
        )
        where = "select version, decided_by from evidence where id = %s"
        cursor.execute(where, (strange["item"],))
        before = cursor.fetchone()
        run(world, "foreign", fill("select priv.settle_item('{item}', true)", strange))
        cursor.execute(where, (strange["item"],))
        assert cursor.fetchone() == before


def test_nobody_ends_an_address_of_another_person(world, owner, strange):
    for who in ("foreign", "investigator", "admin"):
        run(world, who, fill("select priv.remove_address('{address}')", strange))
    with owner.cursor() as cursor:
        cursor.execute("select state from mail_addresses where id = %s", (strange["address"],))
        assert cursor.fetchone() == ("waiting",)


ROW = {
    "id": "{mine}", "case_id": "{case}", "kind": "email", "fingerprint": "00", "sealed": "00", "normaliser": 1, "strength": 1,
    "warnings": [], "basis": "fact", "handling_code": "H0",
}  # fmt: skip


def test_nobody_stores_a_value_without_tokens_in_a_case_of_others(world, strange):
    none = ", ".join(["'{}'"] * 7)
    for case, answer in (("{case}", "42501"), (str(strange["fr"]), "42501"), ("{mine}", [])):
        row = json.dumps([{**ROW, "case_id": case}]).replace("{mine}", strange["mine"]).replace("{case}", strange["case"])
        assert run(world, "foreign", f"select * from priv.register_in_cases('{row}', '[]', {none}) where exceeded") == answer
