"""Row-level security, with the app's own filter taken away: what the database alone keeps apart."""

from contextlib import closing, contextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg2
import pytest
import team_rows
from entries import TREATY, bare_request, one_of_each
from recording import SAID, correct, record
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from coopapi.auth.authentication import actor_of
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side

NEW = "gen_random_uuid()"
POWERS = (
    "roles",
    "victim_cleared",
    "functions",
    "active",
    "secret_digest",
    "jwks",
    "issuer",
    "subject",
    "vouched_by",
    "authority_id",
    "kind",
)
PROBES = {
    ("authorities", "seen"): "select count(*) from authorities where id = '00000000-0000-0000-0000-000000000000'",
    ("authorities", "made"): f"insert into authorities values ({NEW}, 1, 'X', 'court', 'BE', '{{}}', '{{}}', false, now())",
    ("authorities", "changed"): "update authorities set version = version",
    ("principals", "seen"): "select count(*) from principals where authority_id = '{nl}'",
    ("principals", "changed"): "update principals set version = 9",
    ("approvals", "seen"): "select count(*) from approvals",
    ("own_instruments", "seen"): "select count(*) from own_instruments",
    (
        "own_instruments",
        "proposed",
    ): "insert into own_instruments (id, version, authority_id, country, code, title, citation, countries, kinds, measures, says, source,"
    f" source_date, valid_from, state, created_by, created_at) values ({NEW}, 1, '{{nl}}', 'NL', 'x_y_z', 'x', 'x', '{{{{NL,BR}}}}', '{{{{}}}}',"
    " '{{}}', '{{}}', 'x', now(), now(), 'proposed', '{keeper}', now())",
    ("case_access", "seen"): "select count(*) from case_access where case_id = '{case}'",
    ("case_access", "given"): f"insert into case_access (id, version, case_id, owner_id, authority_id, level, reason, granted_at)"
    f" values ({NEW}, 1, '{{case}}', '{{nl}}', '{{fr}}', 3, 'x', now())",
    ("case_access", "changed"): "update case_access set version = 9",
    ("cases", "seen"): "select count(*) from cases where id = '{case}'",
    ("cases", "opened"): f"insert into cases (id, version, authority_id, reference, title, case_type, crime_categories, countries,"
    f" visibility, handling_code, state, created_at, updated_at, reference_folded) values ({NEW}, 1, '{{nl}}', 'x', 'x', 'bilateral',"
    " '{{}}', '{{}}', 'hidden', 'H0', 'open', now(), now(), 'x')",
    ("cases", "changed"): "update cases set version = 9",
    ("case_keys", "seen"): "select count(*) from case_keys where case_id = '{case}'",
    ("case_keys", "made"): "insert into case_keys values ('{bare}', 'x')",
    ("subjects", "seen"): "select count(*) from subjects where case_id = '{case}'",
    ("subjects", "made"): f"insert into subjects values ({NEW}, 1, '{{case}}', 'P', 'suspect', 'adult', now(), 'p')",
    ("subjects", "changed"): "update subjects set version = 9",
    ("subject_categories", "seen"): "select count(*) from subject_categories where case_id = '{case}'",
    ("identifier_subjects", "seen"): "select count(*) from identifier_subjects where case_id = '{case}'",
    (
        "subject_categories",
        "made",
    ): f"insert into subject_categories values ({NEW}, '{{case}}', '{{subject}}', 'victim', now(), {NEW})",
    ("identifiers", "seen"): "select count(*) from identifiers where case_id = '{case}'",
    ("identifiers", "changed"): "update identifiers set version = 9",
    ("facts", "seen"): "select count(*) from facts",
    (
        "facts",
        "made",
    ): "insert into facts (id, version, case_id, authority_id, recorded_by, kind, basis, handling_code, about_victim, victims,"
    f" recorded_at, changed_by, changed_at) values ({NEW}, 1, '{{case}}', '{{fr}}', '{{foreign}}', 'call', 'fact', 'H0', false, false, now(),"
    f" {NEW}, now())",
    ("facts", "changed"): "update facts set version = 9",
    ("fact_subjects", "seen"): "select count(*) from fact_subjects",
    ("fact_subjects", "made"): "insert into fact_subjects values ('{bare_fact}', '{case}', '{subject}')",
    ("fact_subjects", "gone"): "delete from fact_subjects",
    ("fact_identifiers", "seen"): "select count(*) from fact_identifiers",
    ("fact_identifiers", "made"): "insert into fact_identifiers values ('{bare_fact}', '{case}', '{second}')",
    ("fact_identifiers", "gone"): "delete from fact_identifiers",
    ("fact_history", "seen"): "select count(*) from fact_history",
    (
        "fact_history",
        "made",
    ): "insert into fact_history (fact_id, case_id, version, kind, basis, handling_code, about_victim, victims, subjects,"
    " identifiers, recorded_by, recorded_at, superseded_at) values ('{bare_fact}', '{case}', 9, 'call', 'fact', 'H0', false, false, '{{}}',"
    f" '{{{{}}}}', {NEW}, now(), now())",
    ("case_overlaps", "seen"): "select count(*) from case_overlaps",
    ("overlap_sides", "seen"): "select count(*) from overlap_sides",
    (
        "overlap_sides",
        "begun",
    ): "insert into overlap_sides (id, version, overlap_id, case_id, authority_id, victims, turn, state) values"
    f" ({NEW}, 1, '{{overlap}}', '{{case}}', '{{nl}}', true, 2, 'detected')",
    ("overlap_sides", "judged"): "update overlap_sides set version = 9",
    ("disclosures", "seen"): "select count(*) from disclosures",
    (
        "disclosures",
        "asked",
    ): "insert into disclosures (id, version, overlap_id, asking_case, asking_authority, owner_case, owner_authority,"
    " state, purpose, offence, items_asked, urgency, asked_by, asked_at, due_at, victims_only) values"
    f" ({NEW}, 1, '{{overlap}}', '{{case}}', '{{nl}}', '{{other}}', '{{ro}}', 'requested', 'x', 'x', '{{{{}}}}', 'x', '{{person}}', now(), now(), false)",
    ("disclosures", "withdrawn"): "update disclosures set version = 9, state = 'withdrawn'",
    ("disclosures", "answered"): "update disclosures set version = 9",
    ("disclosed_items", "seen"): "select count(*) from disclosed_items",
    ("disclosed_items", "given"): f"insert into disclosed_items values ({NEW}, '{{disclosure}}', '{{second}}', false, 'H0', '')",
    ("exclusions", "seen"): "select count(*) from exclusions where authority_id = '{nl}'",
    ("exclusions", "made"): f"insert into exclusions (id, version, authority_id, everywhere, kind, reason, created_by, created_at)"
    f" values ({NEW}, 1, '{{nl}}', false, 'mac', 'x', '{{person}}', now())",
    ("exclusions", "changed"): "update exclusions set version = 9",
    ("shared_cases", "seen"): "select count(*) from shared_cases",
    (
        "shared_cases",
        "given",
    ): f"insert into shared_cases values ({NEW}, 1, {NEW}, '{{case}}', '{{nl}}', 2, '{{person}}', now(), null, '{{nl}}')",
    ("shared_cases", "ended"): "update shared_cases set version = 9",
    ("mla_requests", "seen"): "select count(*) from mla_requests",
    (
        "mla_requests",
        "made",
    ): "insert into mla_requests (id, version, maker_id, reference, kind, requesting_id, state, urgency, wrapped,"
    " sealed, notices, grounds, path_countries, created_by, created_at, updated_at, reference_folded) values"
    f" ({NEW}, 1, '{{nl}}', 'x', 'eio', '{{nl}}', 'draft', 'routine', 'x', 'x', '{{{{}}}}', '{{{{}}}}', '{{{{}}}}', '{{person}}', now(), now(), 'x')",
    ("mla_requests", "changed"): "update mla_requests set version = 9",
    ("mla_measures", "seen"): "select count(*) from mla_measures",
    (
        "mla_measures",
        "made",
    ): "insert into mla_measures (id, version, request_id, place, code, state, sealed, tokens, grounds, conditions)"
    f" values ({NEW}, 1, '{{request}}', 9, 'x', 'pending', 'x', '{{{{}}}}', '{{{{}}}}', '{{{{}}}}')",
    ("mla_measures", "changed"): "update mla_measures set version = 9",
    ("mla_measures", "redrafted"): "delete from mla_measures where request_id = '{request}'",
    ("mla_transmissions", "seen"): "select count(*) from mla_transmissions",
    (
        "mla_transmissions",
        "made",
    ): "insert into mla_transmissions (id, version, request_id, from_id, to_id, at, sent_by, channel, security)"
    f" values ({NEW}, 1, '{{request}}', '{{nl}}', '{{nl}}', now(), {NEW}, 'x', 'x')",
    ("mla_messages", "seen"): "select count(*) from mla_messages",
    (
        "mla_messages",
        "made",
    ): "insert into mla_messages (id, version, request_id, at, authority_id, side, act, sealed, grounds, recorded_by, internal)"
    f" values ({NEW}, 1, '{{request}}', now(), '{{fr}}', 'x', 'x', 'x', '{{{{}}}}', '{{fr}}', false)",
    ("deadlines", "seen"): "select count(*) from deadlines",
    (
        "deadlines",
        "made",
    ): "insert into deadlines (id, version, object_id, object_type, rule, owed_by, authority_id, started_by, from_at,"
    f" due_at, first_due_at, extensions, rule_version) values ({NEW}, 1, '{{request}}', 'x', 'x', 'x', '{{nl}}', 'x', now(), now(), now(), '[]', 'x')",
    ("deadlines", "changed"): "update deadlines set version = 9",
    ("stated_times", "seen"): "select count(*) from stated_times",
    (
        "stated_times",
        "made",
    ): "insert into stated_times (id, version, object_id, object_type, what, side, authority_id, at, state, recorded_by, stated_by, stated_at)"
    f" values ({NEW}, 1, '{{request}}', 'request', 'sent', 'requesting', '{{fr}}', now(), 'stated', '{{fr}}', '{{foreign}}', now())",
    ("stated_times", "changed"): "update stated_times set version = 9",
    ("service_targets", "made"): "insert into service_targets (id, version, authority_id, urgency, hours, set_by, set_at)"
    f" values ({NEW}, 1, '{{nl}}', 'routine', 9, '{{foreign}}', now())",
    ("service_targets", "changed"): "update service_targets set version = 9",
    ("mla_stages", "seen"): "select count(*) from mla_stages",
    ("mla_stages", "made"): f"insert into mla_stages values ({NEW}, 1, '{{request}}', 'draft', now(), null)",
    ("mla_stages", "changed"): "update mla_stages set version = 9",
    ("parties", "seen"): "select count(*) from parties",
    ("evidence", "seen"): "select count(*) from evidence",
    ("evidence", "made"): "insert into evidence (id, version, object_id, object_type, provider_id, source_country, obtained_on,"
    " obtained_under, handling_code, conditions, terms, state, created_by, created_at) values"
    f" ({NEW}, 1, '{{shared}}', 'request', '{{fr}}', 'FR', now(), 'x', 'H0', '{{{{}}}}', 's', 'given', '{{foreign}}', now())",
    ("evidence", "changed"): "update evidence set version = 9",
    ("evidence_recipients", "seen"): "select count(*) from evidence_recipients",
    ("evidence_recipients", "made"): "insert into evidence_recipients values"
    f" ({NEW}, 1, '{{item}}', '{{shared}}', '{{nl}}', '{{fr}}', 'offered', null, null, null, null)",
    ("evidence_recipients", "changed"): "update evidence_recipients set version = 9",
    ("evidence_texts", "seen"): "select count(*) from evidence_texts",
    ("evidence_texts", "made"): "insert into evidence_texts values ('{wordless}', 's')",
    ("custody", "seen"): "select count(*) from custody",
    ("custody", "made"): "insert into custody values"
    f" ({NEW}, 1, '{{item}}', '{{shared}}', 'sealed', now(), '{{fr}}', 's', '{{foreign}}', now())",
    ("evidence_uses", "seen"): "select count(*) from evidence_uses",
    (
        "evidence_uses",
        "made",
    ): "insert into evidence_uses (id, version, evidence_id, object_id, provider_id, case_id, authority_id, purpose,"
    f" use_as, consent_needed, state, sealed, asked_by, asked_at) values ({NEW}, 1, '{{item}}', '{{shared}}', '{{nl}}', '{{case}}', '{{fr}}',"
    " 'x', 'evidence', false, 'recorded', 's', '{foreign}', now())",
    ("evidence_uses", "changed"): "update evidence_uses set version = 9",
    ("duty_shifts", "seen"): "select count(*) from duty_shifts",
    ("duty_shifts", "made"): "insert into duty_shifts values"
    f" ({NEW}, 1, '{{point}}', '{{nl}}', '{{keeper}}', now(), now(), '{{keeper}}', now())",
    ("duty_shifts", "changed"): "update duty_shifts set version = 9",
    ("assignments", "seen"): "select count(*) from assignments",
    ("assignments", "given"): f"insert into assignments values ({NEW}, 1, '{{nl}}', 'request', {NEW}, null, '{{person}}', now())",
    ("assignments", "changed"): "update assignments set version = 9",
    (
        "contact_points",
        "made",
    ): "insert into contact_points (id, version, authority_id, network, always, hours, time_zone, languages, powers,"
    f" contact, declared_by, valid_from) values ({NEW}, 1, '{{nl}}', 'other', true, '[]', 'UTC', '{{{{}}}}', '{{{{}}}}', '{{}}', 'x', now())",
    ("contact_points", "changed"): "update contact_points set version = 9",
    ("contact_checks", "made"): f"insert into contact_checks values ({NEW}, 1, '{{point}}', '{{nl}}', now(), 'reached', null)",
    (
        "competences",
        "made",
    ): "insert into competences (id, version, authority_id, measures, kinds, instruments, places, languages, channels,"
    f" declared_by, valid_from) values ({NEW}, 1, '{{nl}}', '{{{{}}}}', '{{{{}}}}', '{{{{}}}}', '{{{{}}}}', '{{{{}}}}', '{{{{}}}}', 'x', now())",
    ("competences", "changed"): "update competences set version = 9",
    (
        "providers",
        "made",
    ): "insert into providers (id, version, authority_id, legal_entity, brands, services, establishment, languages,"
    " retention, notification_policy, valid_from) values"
    f" ({NEW}, 1, '{{nl}}', 'x', '{{{{}}}}', '{{{{}}}}', '{{}}', '{{{{}}}}', '[]', 'never', now())",
    ("providers", "changed"): "update providers set version = 9",
    ("mous", "made"): f"insert into mous values ({NEW}, 1, '{{nl}}', null, 'x', '{{{{}}}}', 'x', '{{{{}}}}', now(), null)",
    ("mous", "changed"): "update mous set version = 9",
    (
        "requirement_notices",
        "made",
    ): "insert into requirement_notices (id, version, authority_id, country, theme, applicability, says, languages,"
    f" channels, declared_by, valid_from) values ({NEW}, 1, '{{nl}}', 'NL', 'x', 'applicable', '{{}}', '{{{{}}}}', '{{{{}}}}', 'x', now())",
    ("requirement_notices", "changed"): "update requirement_notices set version = 9",
    ("journal_entries", "seen"): "select count(*) from journal_entries where authority_id = '{nl}'",
    ("journal_links", "seen"): "select count(*) from journal_links where authority_id = '{nl}'",
    ("journal_heads", "seen"): "select count(*) from journal_heads where authority_id = '{nl}'",
    ("registration_figures", "seen"): "select count(*) from registration_figures where authority_id = '{nl}'",
    ("idempotency_keys", "own"): "select count(*) from idempotency_keys",
    ("imports", "seen"): "select count(*) from imports",
    (
        "imports",
        "sent",
    ): "insert into imports (id, version, authority_id, principal_id, role, purpose, format, dry_run, state, lines,"
    f" created_at) values ({NEW}, 1, '{{nl}}', '{{person}}', 'system', 'x', 'ndjson', false, 'queued', 1, now())",
    ("imports", "changed"): "update imports set version = 9",
    ("import_chunks", "own"): "select count(*) from import_chunks",
    ("import_lines", "seen"): "select count(*) from import_lines",
    ("import_lines", "made"): "insert into import_lines (import_id, line, outcome) values ('{import}', 9, 'stored')",
    ("import_lines", "changed"): "update import_lines set sealed = null",
    ("imported_rows", "seen"): "select count(*) from imported_rows",
    (
        "imported_rows",
        "made",
    ): "insert into imported_rows (scope, kind, external_id, row_id, authority_id, principal_id, version, digest)"
    f" values ({NEW}, 'case', 'x', {NEW}, '{{nl}}', '{{person}}', 1, 'x')",
    ("imported_rows", "changed"): "update imported_rows set version = 9",
    ("exports", "seen"): "select count(*) from exports",
    (
        "exports",
        "asked",
    ): "insert into exports (id, version, authority_id, principal_id, role, purpose, case_id, format, format_version,"
    " recipient_country, handling_code, victims, cleared, four_eyes, words, state, stage, created_at)"
    f" values ({NEW}, 1, '{{nl}}', '{{person}}', 'investigator', 'x', '{{case}}', 'ndjson', '1', 'US', 'H0', false, false, false, 'x',"
    " 'queued', 'case', now())",
    ("exports", "made"): "update exports set version = 9",
    ("export_pieces", "seen"): "select count(*) from export_pieces",
    ("export_pieces", "made"): "insert into export_pieces values ('{export}', 9, 1, 1, 'x')",
    ("webhook_endpoints", "seen"): "select count(*) from webhook_endpoints",
    (
        "webhook_endpoints",
        "made",
    ): "insert into webhook_endpoints (id, version, authority_id, client_id, role, url, events, state, secret,"
    f" created_by, created_at) values ({NEW}, 1, '{{ro}}', '{{person}}', 'system', 'https://x.example', '{{{{}}}}', 'requested', 's', '{{person}}',"
    " now())",
    ("webhook_endpoints", "changed"): "update webhook_endpoints set version = 9",
    ("webhook_deliveries", "seen"): "select count(*) from webhook_deliveries",
    ("mail_accounts", "seen"): "select count(*) from mail_accounts",
    ("mail_accounts", "changed"): "update mail_accounts set hour = 9",
    ("mail_addresses", "seen"): "select count(*) from mail_addresses",
    ("search_words", "seen"): "select count(*) from search_words where place = '{nl}'",
    ("search_grams", "seen"): "select count(*) from search_grams where place = '{nl}'",
    ("saved_searches", "seen"): "select count(*) from saved_searches",
    (
        "saved_searches",
        "made",
    ): "insert into saved_searches (id, version, authority_id, principal_id, role, sealed, filters, active, created_at, updated_at)"
    f" values ({NEW}, 1, '{{ro}}', '{{person}}', 'investigator', 'x', '{{{{}}}}', true, now(), now())",
    ("saved_searches", "changed"): "update saved_searches set version = 9",
    **team_rows.PROBES,
}

FOR_EVERYBODY = {
    (table, "seen")
    for table in (
        *("contact_points", "contact_checks", "competences", "providers", "mous", "requirement_notices", "service_targets"),
        *("published_periods", "published_cells", "usual_times"),
    )
}

MEETING_PROBES = {
    ("meetings", "seen"): "select count(*) from meetings",
    (
        "meetings",
        "made",
    ): "insert into meetings (id, version, reference, level, origin_type, origin_id, convener_id, host_id, state, countries,"
    " interpretation, mode, time_zone, sequence, access_until, wrapped, sealed, created_by, created_at, updated_at) values"
    f" ({NEW}, 1, 'x', 'III', 'case', {NEW}, '{{fr}}', '{{nl}}', 'proposed', '{{{{}}}}', '{{{{}}}}', 'video', 'x', 0, now(), 'x', 'x',"
    " '{foreign}', now(), now())",
    ("meetings", "changed"): "update meetings set version = 9",
    ("meeting_participants", "seen"): "select count(*) from meeting_participants",
    (
        "meeting_participants",
        "made",
    ): "insert into meeting_participants (id, version, meeting_id, authority_id, function, state, sealed,"
    f" invited_by, invited_at) values ({NEW}, 1, '{{meeting}}', '{{fr}}', 'x', 'accepted', 'x', '{{fr}}', now())",
    ("meeting_participants", "changed"): "update meeting_participants set version = 9",
    ("meeting_options", "seen"): "select count(*) from meeting_options",
    ("meeting_options", "made"): f"insert into meeting_options values ({NEW}, 1, '{{meeting}}', now(), now() + interval '1 hour')",
    ("meeting_answers", "seen"): "select count(*) from meeting_answers",
    (
        "meeting_answers",
        "made",
    ): f"insert into meeting_answers values ({NEW}, 1, '{{meeting}}', '{{option}}', '{{fr}}', 'yes', now())",
    ("meeting_answers", "changed"): "update meeting_answers set version = 9",
    ("meeting_conclusions", "seen"): "select count(*) from meeting_conclusions",
    (
        "meeting_conclusions",
        "made",
    ): f"insert into meeting_conclusions values ({NEW}, 1, '{{meeting}}', 'FR', '{{fr}}', 'x', '{{foreign}}', now())",
    ("meeting_outcomes", "seen"): "select count(*) from meeting_outcomes",
    (
        "meeting_outcomes",
        "made",
    ): f"insert into meeting_outcomes values ({NEW}, 1, '{{meeting}}', 'x', 'x', {NEW}, '{{fr}}', '{{foreign}}', now())",
    ("meeting_actions", "seen"): "select count(*) from meeting_actions",
    (
        "meeting_actions",
        "made",
    ): "insert into meeting_actions (id, version, meeting_id, owner_id, due_at, state, sealed, created_by,"
    f" created_at) values ({NEW}, 1, '{{meeting}}', '{{fr}}', now(), 'open', 'x', '{{foreign}}', now())",
    ("meeting_actions", "changed"): "update meeting_actions set version = 9",
    ("centre_entries", "seen"): "select count(*) from centre_entries",
    (
        "centre_entries",
        "made",
    ): f"insert into centre_entries values ({NEW}, 1, '{{meeting}}', now(), 'FR', '{{fr}}', 'x', '{{{{}}}}', 'x', '{{foreign}}', now())",
    ("calendar_feeds", "seen"): "select count(*) from calendar_feeds",
    ("calendar_feeds", "made"): f"insert into calendar_feeds values ({NEW}, 1, '{{nl}}', 'other', '{{foreign}}', now(), null)",
    ("calendar_feeds", "changed"): "update calendar_feeds set version = 9",
    ("consultations", "seen"): "select count(*) from consultations",
    (
        "consultations",
        "made",
    ): "insert into consultations (id, version, reference, contacting_id, in_custody, state, wrapped, sealed,"
    f" created_by, created_at, updated_at) values ({NEW}, 1, 'x', '{{fr}}', false, 'opened', 'x', 'x', '{{foreign}}', now(), now())",
    ("consultations", "changed"): "update consultations set version = 9",
    ("consultation_positions", "seen"): "select count(*) from consultation_positions",
    (
        "consultation_positions",
        "made",
    ): "insert into consultation_positions (id, version, consultation_id, authority_id, side, position, sealed, updated_at) values"
    f" ({NEW}, 1, '{{consultation}}', '{{fr}}', 'executing', 'end', 'x', now())",
    ("consultation_positions", "changed"): "update consultation_positions set version = 9",
    ("proceedings_transfers", "seen"): "select count(*) from proceedings_transfers",
    ("proceedings_transfers", "made"): "insert into proceedings_transfers (id, version, consultation_id, from_case, from_id, to_id,"
    f" transferred_on, sealed, created_by, created_at) values ({NEW}, 1, '{{consultation}}', '{{case}}', '{{nl}}', '{{fr}}', now(), 'x',"
    " '{foreign}', now())",
    ("proceedings_transfers", "changed"): "update proceedings_transfers set version = 9",
    ("eurojust_records", "seen"): "select count(*) from eurojust_records",
    ("eurojust_records", "made"): "insert into eurojust_records (id, version, case_id, authority_id, kind, article, recorded_on,"
    f" created_by, created_at) values ({NEW}, 1, '{{case}}', '{{nl}}', 'notification', '21(5)', now(), '{{person}}', now())",
    ("eurojust_records", "changed"): "update eurojust_records set version = 9",
    ("case_proceedings", "seen"): "select count(*) from case_proceedings",
    ("case_proceedings", "made"): "insert into case_proceedings (id, version, case_id, authority_id, stage, result, reached_on,"
    f" created_by, created_at) values ({NEW}, 1, '{{case}}', '{{nl}}', 'investigated', 'under_way', now(), '{{person}}', now())",
    ("case_proceedings", "changed"): "update case_proceedings set version = 9",
}
PROBES |= MEETING_PROBES
IMPORT = """
    insert into imports (id, version, authority_id, principal_id, role, purpose, format, dry_run, state, lines, created_at, ended_at)
        values (%(import)s, 1, %(nl)s, %(person)s, 'system', 'x', 'ndjson', false, 'finished', 1, now(), now());
    insert into import_chunks values (%(import)s, 1, 1, 'x');
    insert into import_lines (import_id, line, outcome) values (%(import)s, 1, 'stored');
    insert into imported_rows (scope, kind, external_id, row_id, authority_id, principal_id, version, digest)
        values (%(nl)s, 'case', 'x', gen_random_uuid(), %(nl)s, %(person)s, 1, 'x')"""
EXPORT = """
    insert into exports (id, version, authority_id, principal_id, role, purpose, case_id, format, format_version, recipient_country,
        handling_code, victims, cleared, four_eyes, words, state, stage, created_at)
        values (%(export)s, 1, %(nl)s, %(person)s, 'investigator', 'x', %(case)s, 'ndjson', '1', 'BE', 'H0', false, false, false, 'x',
        'queued', 'case', now());
    insert into export_pieces values (%(export)s, 0, 0, 1, 'x')"""
MEETING = """
    insert into parties values (gen_random_uuid(), %(meeting)s, %(nl)s, 'host', null, true, now(), null),
        (gen_random_uuid(), %(consultation)s, %(nl)s, 'requesting', null, true, now(), null);
    insert into meetings (id, version, reference, level, origin_type, origin_id, convener_id, host_id, state, countries, interpretation,
        mode, time_zone, sequence, access_until, wrapped, sealed, created_by, created_at, updated_at)
        values (%(meeting)s, 1, 'x', 'III', 'case', gen_random_uuid(), %(nl)s, %(nl)s, 'proposed', '{}', '{}', 'video', 'x', 0, now(),
        'x', 'x', %(person)s, now(), now());
    insert into meeting_participants (id, version, meeting_id, authority_id, function, state, sealed, invited_by, invited_at)
        values (gen_random_uuid(), 1, %(meeting)s, %(nl)s, 'x', 'accepted', 'x', %(nl)s, now());
    insert into meeting_options values (%(option)s, 1, %(meeting)s, now(), now() + interval '1 hour');
    insert into meeting_answers values (gen_random_uuid(), 1, %(meeting)s, %(option)s, %(nl)s, 'yes', now());
    insert into meeting_conclusions values (gen_random_uuid(), 1, %(meeting)s, 'NL', %(nl)s, 'x', %(person)s, now());
    insert into meeting_outcomes values (gen_random_uuid(), 1, %(meeting)s, 'x', 'x', gen_random_uuid(), %(nl)s, %(person)s, now());
    insert into meeting_actions (id, version, meeting_id, owner_id, due_at, state, sealed, created_by, created_at)
        values (gen_random_uuid(), 1, %(meeting)s, %(nl)s, now(), 'open', 'x', %(person)s, now());
    insert into centre_entries values (gen_random_uuid(), 1, %(meeting)s, now(), 'NL', %(nl)s, 'x', '{}', 'x', %(person)s, now());
    insert into calendar_feeds values (gen_random_uuid(), 1, %(nl)s, 'digest', %(person)s, now(), null);
    insert into consultations (id, version, reference, contacting_id, in_custody, state, wrapped, sealed, created_by, created_at, updated_at)
        values (%(consultation)s, 1, 'x', %(nl)s, false, 'opened', 'x', 'x', %(person)s, now(), now());
    insert into consultation_positions (id, version, consultation_id, authority_id, side, position, sealed, updated_at)
        values (gen_random_uuid(), 1, %(consultation)s, %(nl)s, 'requesting', 'end', 'x', now());
    insert into proceedings_transfers (id, version, consultation_id, from_case, from_id, to_id, transferred_on, sealed, created_by, created_at)
        values (gen_random_uuid(), 1, %(consultation)s, %(case)s, %(nl)s, %(ro)s, now(), 'x', %(person)s, now());
    insert into eurojust_records (id, version, case_id, authority_id, kind, article, recorded_on, created_by, created_at)
        values (gen_random_uuid(), 1, %(case)s, %(nl)s, 'notification', '21(5)', now(), %(person)s, now());
    insert into case_proceedings (id, version, case_id, authority_id, stage, result, reached_on, created_by, created_at)
        values (gen_random_uuid(), 1, %(case)s, %(nl)s, 'investigated', 'under_way', now(), %(person)s, now());
    insert into published_periods values ('2026', now(), now());
    insert into published_cells values ('2026', 'requests', '{}', 'issued', 5);
    insert into usual_times values ('2026', 'kind', 'eio', '', '', 9, 9)"""


@pytest.fixture
def things(world, owner, register):
    return register.as_of("things", lambda: one_thing_of_each(world, owner))


def one_thing_of_each(world, owner):
    """A Dutch case with everything, overlapping a Romanian one: nothing of it is for the French."""
    other = world.case("romanian")
    world.hold("romanian", other, "heron@example.org")
    case = world.case("investigator")
    subject = world.subject("investigator", case)
    identifier, second = world.hold("investigator", case, "heron@example.org", "owl@example.org", subject_id=subject)
    bare_fact, fact = record(
        world, "investigator", case, {"kind": "call"}, {**SAID, "subjects": [{"id": subject}], "identifiers": [{"id": second}]}
    )
    correct(world, "investigator", fact, kind="call")
    asked = world.asked("romanian", other)
    disclosed = {"event": "disclose", "items": [{"identifier_id": identifier}]}
    me = world.as_("prosecutor")
    assert me.post(f"/disclosures/{asked['id']}/transitions", disclosed, If_Match='"v1"').status_code == 200
    assert me.post("/exclusions", {"kind": "mac", "reason": "shared machines"}).status_code == 201
    assert world.as_("central").post("/own-instruments", TREATY).status_code == 201
    assigned = {"type": "overlap", "id": asked["overlap_id"], "assignee": None}
    assert me.post("/worklist/assignments", assigned).status_code == 200
    assert me.post("/saved-searches", {"name": "Herons", "q": "heron"}).status_code == 201
    client = {"name": "System", "roles": ["system"]}
    assert world.as_("admin").post(f"/authorities/{world.authorities['nl']}/clients", client).json["pending"]
    world.as_("investigator").post("/cases", {"reference": "once", "title": "T"}, Idempotency_Key="k")
    shared = {**evidence(world, owner, case), **gathering(world, owner, case)}
    listed = one_of_each(world)
    assert me.post(f"/contact-points/{listed['point']}/checks", {"outcome": "reached"}).status_code == 201
    shift = {"person_id": str(world.people["contact"]), "since": "2026-01-01T00:00:00Z", "until": "2026-01-20T00:00:00Z"}
    assert world.as_("contact").post(f"/contact-points/{listed['point']}/roster", shift).status_code == 201
    with owner.cursor() as cursor:
        cursor.execute("delete from case_keys where case_id = %s", (bare := world.case("investigator"),))
        cursor.execute("delete from evidence_texts where evidence_id = %s", (shared["wordless"],))
        given = (shared["item"], shared["shared"], world.authorities["nl"], world.authorities["ro"])
        cursor.execute("insert into evidence_recipients values (gen_random_uuid(), 1, %s, %s, %s, %s, 'offered')", given)
    nl, fr = world.authorities["nl"], world.authorities["fr"]
    with owner.cursor() as cursor:
        cursor.execute(
            "insert into parties values (gen_random_uuid(), %s, %s, 'host', null, true, now(), null)", (str(uuid4()), nl)
        )
        bare_request(world, owner, request := str(uuid4()), uuid4())
        cursor.execute(
            "insert into parties values (gen_random_uuid(), %s, %s, 'requesting', null, true, now(), null)", (request, nl)
        )
        cursor.execute(
            """insert into registration_figures values ((select id from principals where subject = 'system'), now(), %(nl)s, 1, 1, 1);
            insert into mla_transmissions values (gen_random_uuid(), 1, %(request)s, %(nl)s, %(nl)s, now(), gen_random_uuid(), 'x', 'x');
            insert into mla_messages (id, version, request_id, at, authority_id, side, act, sealed, grounds, recorded_by, internal)
                values (gen_random_uuid(), 1, %(request)s, now(), %(nl)s, 'x', 'x', 'x', '{}', %(nl)s, false);
            insert into deadlines (id, version, object_id, object_type, rule, owed_by, authority_id, started_by, from_at, due_at,
                first_due_at, extensions, rule_version)
                values (gen_random_uuid(), 1, %(request)s, 'x', 'x', 'x', %(nl)s, 'x', now(), now(), now(), '[]', 'x');
            insert into stated_times (id, version, object_id, object_type, what, side, authority_id, at, state, recorded_by, stated_at)
                values (gen_random_uuid(), 1, %(request)s, 'request', 'sent', 'requesting', %(nl)s, now(), 'stated', %(nl)s, now());
            insert into mla_stages values (gen_random_uuid(), 1, %(request)s, 'transmitted', now(), null);
            insert into service_targets values (gen_random_uuid(), 1, %(nl)s, null, 'urgent', 9, %(person)s, now(), null)""",
            {"request": request, "nl": nl, "person": world.people["investigator"]},
        )
        cursor.execute(
            "insert into shared_cases values (gen_random_uuid(), 1, gen_random_uuid(), %s, %s, 2, gen_random_uuid(), now(), null, %s)",
            (case, nl, nl),
        )
        cursor.execute(IMPORT, {"import": (imported := str(uuid4())), "nl": nl, "person": world.people["system"]})
        exported = {"export": str(uuid4()), "nl": nl, "case": case, "person": world.people["investigator"]}
        cursor.execute(EXPORT, exported)
    there = {
        "import": imported,
        "export": exported["export"],
        "request": request,
        "other": other,
        "ro": world.authorities["ro"],
        "person": world.people["romanian"],
        "second": second,
    }
    about = {"disclosure": asked["id"], "overlap": asked["overlap_id"]}
    team = team_rows.things(world, owner)
    team |= webhook(world, owner) | mail_address(world, owner)
    return {
        "keeper": world.people["contact"],
        "case": case,
        "subject": subject,
        "bare_fact": bare_fact["id"],
        "bare": bare,
        "nl": nl,
        "fr": fr,
        **there,
        **about,
        **shared,
        **listed,
        **team,
    }


def webhook(world, owner):
    """An address of the Dutch, with a ping."""
    ids = {"webhook": str(uuid4()), "delivery": str(uuid4())}
    with owner.cursor() as cursor:
        cursor.execute(
            """insert into webhook_endpoints (id, version, authority_id, client_id, role, url, events, state, secret, created_by, created_at,
                approved_at) values (%(webhook)s, 1, %(nl)s, %(who)s, 'system', 'https://x.example', '{}', 'active', 's', %(who)s, now(), now());
            insert into webhook_deliveries (id, version, endpoint_id, kind, message_id, lane, state, created_at, next_at)
                values (%(delivery)s, 1, %(webhook)s, 'ping', gen_random_uuid(), gen_random_uuid(), 'waiting', now(), now())""",
            {**ids, "nl": world.authorities["nl"], "who": world.people["system"]},
        )
    return ids


def mail_address(world, owner):
    """What a Dutch person chose about mail, and an address."""
    ids = {"address": str(uuid4())}
    with owner.cursor() as cursor:
        cursor.execute(
            """insert into mail_accounts (id, version) values (%(who)s, 1);
            insert into mail_addresses (id, version, principal_id, authority_id, use, address, state, asked_by, asked_at, expires_at)
                values (%(address)s, 1, %(who)s, %(nl)s, 'usual', 's', 'waiting', %(who)s, now(), now() + interval '1 day');
            insert into mails (id, address_id, kind, created_at, next_at) values (gen_random_uuid(), %(address)s, 'code', now(), now())""",
            {**ids, "nl": world.authorities["nl"], "who": world.people["analyst"]},
        )
    return ids


def evidence(world, owner, case):
    """What the Dutch share through a request, with a chain of custody and a use."""
    shared, me = str(uuid4()), world.as_("investigator")
    bare_request(world, owner, shared)
    database = world.app.extensions["coopapi"].database
    with database.work(lambda s: actor_of(s, "https://issuer.test", "investigator", None), uuid4().hex) as work:
        parties.admit(work, UUID(shared), world.authorities["nl"], Side.EXECUTING, case_id=UUID(case))
    body = {"object_id": shared, "object_type": "request", "title": "T", "source_country": "NL", "obtained_on": "2026-01-01",
            "obtained_under": "Art. 1", "handling_code": "H0"}  # fmt: skip
    item, wordless = (me.post("/evidence", body).json["id"] for _ in range(2))
    assert me.post(f"/evidence/{item}/custody", {"act": "seized", "at": "2026-01-01T00:00:00Z"}).status_code == 201
    use = {"case_id": case, "purpose": "prosecution", "use_as": "evidence"}
    assert me.post(f"/evidence/{item}/uses", use).status_code == 201
    return {"shared": shared, "item": item, "wordless": wordless, "foreign": world.people["foreign"]}


def gathering(world, owner, case):
    """A meeting and a consultation of the Dutch, with one of everything that belongs to them."""
    ids = {name: str(uuid4()) for name in ("meeting", "option", "consultation")}
    near = {name: world.authorities[name] for name in ("nl", "ro")}
    with owner.cursor() as cursor:
        cursor.execute(MEETING, {**ids, **near, "person": world.people["investigator"], "case": case})
    return ids


def probe(world, sql):
    """Run one statement as the French investigator, past every filter of the app; tell how many rows it reached."""
    database = world.app.extensions["coopapi"].database
    try:
        with database.work(lambda s: actor_of(s, "https://issuer.test", "foreign", None), uuid4().hex) as work:
            result = work.session.execute(text(sql.replace("{{", "{").replace("}}", "}")))
            reached = result.scalar_one() if sql.startswith("select") else result.rowcount
            work.session.rollback()
            work.notes.clear()
            return reached
    except DBAPIError as refused:
        assert refused.orig.pgcode == "42501", refused.orig
        return 0


def fill(sql, things):
    for name, value in things.items():
        sql = sql.replace(f"{{{name}}}", str(value))
    return sql


@contextmanager
def mutated(owner, table, policy):
    """A policy that lets everything through."""
    with owner.cursor() as cursor:
        cursor.execute("select cmd, qual, with_check from pg_policies where tablename = %s and policyname = %s", (table, policy))
        command, using, check = cursor.fetchone()
        parts = ([" using (true)"] if using else []) + ([" with check (true)"] if check else [])
        cursor.execute(f"alter policy {policy} on {table}{''.join(parts)}")
        if command in {"UPDATE", "DELETE"}:
            cursor.execute(f"create policy sight on {table} for select using (true)")
        try:
            yield
        finally:
            cursor.execute(f"drop policy if exists sight on {table}")
            back = ([f" using ({using})"] if using else []) + ([f" with check ({check})"] if check else [])
            cursor.execute(f"alter policy {policy} on {table}{''.join(back)}")


@pytest.mark.parametrize(("table", "policy"), PROBES, ids=lambda value: value)
def test_a_policy_keeps_out_what_its_mutant_lets_through(world, owner, things, table, policy):
    sql = fill(PROBES[table, policy], things)
    kept_out = probe(world, sql)
    with mutated(owner, table, policy):
        let_through = probe(world, sql)

    assert kept_out == 0
    assert let_through > 0


@pytest.mark.parametrize(("table", "policy"), sorted(FOR_EVERYBODY), ids=lambda value: value)
def test_what_is_for_everybody_is_not_for_nobody(world, owner, things, table, policy):
    def seen_by_nobody():
        with world.app.extensions["coopapi"].database.anonymous() as session:
            return session.scalar(text(f"select count(*) from {table}"))

    kept_out = seen_by_nobody()
    with mutated(owner, table, policy):
        let_through = seen_by_nobody()

    assert kept_out == 0
    assert let_through > 0


def test_every_policy_has_its_mutant(owner):
    with owner.cursor() as cursor:
        cursor.execute("select tablename, policyname from pg_policies where policyname not in ('machine', 'backup')")
        assert set(cursor.fetchall()) == set(PROBES) | FOR_EVERYBODY


def actor_named(world, name):
    database = world.app.extensions["coopapi"].database
    with database.work(lambda s: actor_of(s, "https://issuer.test", name, None), "r") as work:
        return work.actor


def app_session(postgres):
    connection = psycopg2.connect(host=str(postgres.socket), user="coopapi_app", password="app-password", dbname="coopapi")
    connection.autocommit = True
    return closing(connection)


@pytest.mark.parametrize("context", [None, "", "garbage", "a|b|c|t|t|1|1.ff", "..", "|||||||."])
def test_without_a_signed_context_there_is_nothing(postgres, things, context):
    with app_session(postgres) as connection, connection.cursor() as cursor:
        for table in {table for table, _ in PROBES}:
            try:
                if context is not None:
                    cursor.execute("select set_config('coopapi.context', %s, false)", (context,))
                cursor.execute(f"select count(*) from {table}")
                assert cursor.fetchone()[0] == 0
            except psycopg2.errors.InsufficientPrivilege:
                assert context


def test_a_context_for_another_authority_or_of_long_ago_is_refused(world, postgres, things, clock, monkeypatch):
    database = world.app.extensions["coopapi"].database
    actor = actor_named(world, "foreign")
    good = database.context(actor, clock())
    monkeypatch.setattr("coopapi.store.db.time.time", lambda: 1_700_000_000)
    old = database.context(actor, clock())
    forged = good.replace(str(world.authorities["fr"]), str(world.authorities["nl"]))

    with app_session(postgres) as connection, connection.cursor() as cursor:
        cursor.execute("select set_config('coopapi.context', %s, false)", (good,))
        cursor.execute("select count(*) from cases")
        assert cursor.fetchone()[0] == 0
        for bad in (forged, old):
            cursor.execute("select set_config('coopapi.context', %s, false)", (bad,))
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute("select count(*) from cases")


def test_the_next_transaction_of_a_pooled_connection_starts_with_nothing(world, things):
    database = world.app.extensions["coopapi"].database
    for _ in range(20):
        with database.work(lambda s: actor_of(s, "https://issuer.test", "investigator", None), "r") as work:
            assert work.session.scalar(text("select count(*) from cases")) > 0
        with database.anonymous() as session:
            assert session.scalar(text("select count(*) from cases")) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "select * from match_tokens",
        "select * from holdings",
        "select * from matching_queue",
        "insert into matching_queue (case_id) values (gen_random_uuid())",
        "select * from pairs_due",
        "select * from put_off",
        "select * from journal_linking",
        "select * from priv.context_key",
        "delete from journal_entries",
        "update journal_entries set role = 'x'",
        "insert into journal_heads values (gen_random_uuid(), 0, '')",
        "truncate cases",
        "select priv.append('[]')",
        "select priv.refresh('{}', '{}', '{1,1}')",
        "select * from likenesses",
        "select * from registered_values",
        "select * from searched_values",
        "select * from honey_values",
        "update quota_use set used = 0",
        "insert into quotas default values",
        "insert into hiding_confirmations default values",
        "delete from pending_holdings",
        "update registration_figures set met = 0",
        "select * from priv.quota_lines(false, null)",
        "select priv.set_quota(gen_random_uuid(), '{1,1,1,1}', null, '')",
        "select priv.plant_honey(gen_random_uuid(), 'email', '{}')",
        "select priv.confirm_hiding(gen_random_uuid())",
        "select priv.write_figures()",
        "select * from priv.pairs()",
        "select * from priv.miscounts()",
        "select priv.differences('{}', '{}', '{1,1}')",
        "select priv.compute_anew('{}', '{}', '{1,1}')",
        "select priv.repair('{}', '{}', '{}', '{}', '{}')",
        "select * from priv.recheck('00000000-0000-0000-0000-000000000000', 1, '{1,1}')",
        "delete from disclosed_items",
        "delete from evidence",
        "update evidence set conditions = '{}'",
        "update evidence_texts set sealed = ''",
        "delete from evidence_texts",
        "delete from evidence_recipients",
        "update evidence_recipients set provider_id = gen_random_uuid()",
        "update custody set act = 'x'",
        "delete from jit_signatures",
        "update jit_signatures set text_sha256 = ''",
        "update jits set reference = 'x'",
        "update jit_parties set country = 'x'",
        "update jit_releases set texts = '{}'",
        "update evidence_uses set use_as = 'evidence'",
        "update meetings set host_id = gen_random_uuid()",
        "update meeting_actions set owner_id = gen_random_uuid()",
        "update meeting_conclusions set country = 'FR'",
        "update centre_entries set figures = '{}'",
        "update calendar_feeds set digest = ''",
        "update webhook_endpoints set approved_at = now()",
        "update webhook_endpoints set url = 'https://x.example'",
        "update webhook_endpoints set place_entry = 0",
        "insert into webhook_deliveries default values",
        "update webhook_deliveries set state = 'delivered'",
        "insert into mail_accounts default values",
        "update mail_accounts set fresh = '{}'",
        "insert into mail_addresses default values",
        "update mail_addresses set state = 'confirmed'",
        "select * from mails",
        "select * from object_stages",
        "insert into object_stages default values",
        "update proceedings_transfers set from_case = gen_random_uuid()",
        "delete from meeting_participants",
        "delete from contact_points",
        "update contact_checks set outcome = 'reached'",
        "delete from requirement_notices",
        "update requirement_notices set says = '{}'",
        "set role coopapi_definer",
        "alter table cases disable row level security",
        "insert into case_overlaps default values",
        *(f"update principals set {column} = {column}" for column in POWERS),
        "insert into principals default values",
        "delete from principals",
        "insert into approvals default values",
        "update approvals set state = 'approved'",
        "update authorities set operator = true",
        "select priv.take_approval('00000000-0000-7000-8000-000000000001', 'account')",
        "select priv.write_account(null, '{}', null)",
        "select priv.alarm('00000000-0000-7000-8000-000000000001', 'x', '{}')",
        "insert into signing_keys default values",
        "update signing_keys set retired_at = null",
        "delete from signing_keys",
        "select * from token_attempts",
        "select priv.tell_attempts(null, now())",
    ],
)
def test_the_application_role_cannot(postgres, things, statement):
    with app_session(postgres) as connection, connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(statement)


LINT = {
    "a table with policies that are not forced": (
        "select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind = 'r' and oid in (select polrelid from pg_policy) and not (relrowsecurity and relforcerowsecurity)",
        "alter table cases no force row level security",
    ),
    "a table of somebody's without policies": (
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
        " and not relrowsecurity and relname not in"
        " ('alembic_version', 'match_tokens', 'holdings', 'likenesses', 'signing_keys', 'used_assertions', 'token_attempts',"
        " 'registered_values', 'quota_use', 'quotas', 'honey_values', 'hiding_confirmations', 'pending_holdings', 'matching_queue',"
        " 'pairs_due', 'put_off', 'journal_linking', 'clearance_watch', 'mails', 'object_stages', 'search_places', 'search_queue',"
        " 'saved_search_checks', 'saved_search_finds', 'searched_values')",
        "create table planted (id uuid)",
    ),
    "a right of the application to change every column of a row": (
        "select relname from pg_class c, aclexplode(c.relacl) a where a.grantee = 'coopapi_app'::regrole and a.privilege_type = 'UPDATE'"
        " and relkind = 'r' and relnamespace = 'public'::regnamespace",
        "grant update on cases to coopapi_app",
    ),
    "a definer function that looks types up in pg_temp first": (
        "select proname from pg_proc where prosecdef and pronamespace ="
        " 'priv'::regnamespace and ('search_path=pg_catalog, pg_temp' = any (proconfig)) is not true",
        "create function priv.planted() returns int language sql security definer set search_path = pg_catalog as 'select 1'",
    ),
    "a function for callers that is parsed with their search path": (
        "select proname from pg_proc where pronamespace = 'priv'::regnamespace and not prosecdef and prosqlbody is null"
        " and has_function_privilege('coopapi_app', oid, 'EXECUTE') and ('search_path=pg_catalog, pg_temp' = any (proconfig)) is not true",
        "create function priv.planted() returns int language sql as 'select 1'; grant execute on function priv.planted() to coopapi_app",
    ),
    "a function whose body is copied into each use of a policy when a query is planned": (
        "select distinct proname from pg_policy y join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = y.oid"
        " join pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid"
        " where not prosecdef and proconfig is null and pronamespace = 'priv'::regnamespace",
        "alter function priv.authority() security invoker reset search_path",
    ),
    "a function anybody may call": (
        "select p.proname from pg_proc p, aclexplode(p.proacl) a where p.pronamespace ="
        " 'priv'::regnamespace and a.grantee = 0 union select proname from pg_proc where pronamespace = 'priv'::regnamespace"
        " and proacl is null",
        "create function priv.planted() returns int language sql return 1",
    ),
    "a role of ours that is a member of another": (
        "select rolname from pg_roles r join pg_auth_members m on m.member = r.oid"
        " where rolname in ('coopapi_app', 'coopapi_definer', 'coopapi_backup')",
        "grant pg_read_all_data to coopapi_app",
    ),
    "a member of the definer": (
        "select 1 from pg_auth_members where roleid = 'coopapi_definer'::regrole",
        "grant coopapi_definer to coopapi_backup",
    ),
    "a role of ours with too much power": (
        "select rolname from pg_roles where rolname like 'coopapi\\_%' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)",
        "alter role coopapi_backup bypassrls",
    ),
    "a trigger on the tables of matching": (
        "select tgname from pg_trigger where not tgisinternal and tgrelid in"
        " ('match_tokens'::regclass, 'holdings'::regclass, 'likenesses'::regclass)",
        "create trigger planted before update on holdings for each row execute function suppress_redundant_updates_trigger()",
    ),
    "a unique key on text of callers across authorities": (
        "select conname from pg_constraint where contype = 'u' and conrelid = 'cases'::regclass"
        " and not ('authority_id' = any (select attname from pg_attribute where attrelid = conrelid and attnum = any (conkey)))",
        "alter table cases add constraint planted unique (reference)",
    ),
    "a right of the application to create anything": (
        "select 1 where has_database_privilege('coopapi_app', current_database(), 'TEMPORARY, CREATE') union all"
        " select 1 from pg_namespace where has_schema_privilege('coopapi_app', oid, 'CREATE')",
        "grant temporary on database coopapi to public",
    ),
    "a table that the backup role does not read whole": (
        "select relname from pg_class c where relkind = 'r' and relnamespace = 'public'::regnamespace"
        " and (not has_table_privilege('coopapi_backup', oid, 'SELECT') or relrowsecurity and not exists (select from pg_policy"
        " where polrelid = c.oid and polname = 'backup' and pg_get_expr(polqual, polrelid) = 'true'))",
        "drop policy backup on cases",
    ),
}


@pytest.mark.parametrize("finding", LINT)
def test_the_catalog_has_no(owner, finding):
    query, planted = LINT[finding]
    with owner.cursor() as cursor:
        cursor.execute(query)
        assert cursor.fetchall() == []
        cursor.execute("begin")
        try:
            cursor.execute(planted)
            cursor.execute(query)
            assert cursor.fetchall() != []
        finally:
            cursor.execute("rollback")


PLANT = """
    create function pg_temp.caught(pg_catalog.uuid) returns boolean language plpgsql as $$
        begin raise exception 'ran as %', current_user; end $$;
    create domain pg_temp.uuid as pg_catalog.uuid check (pg_temp.caught(value))"""
RECORD = """select priv.record('[{"action": "x", "object_type": "case", "object_id": "00000000-0000-7000-8000-000000000001",
    "purpose": "x", "request_id": "x", "consultation": false, "event": false, "victims_only": false, "detail": {}}]')"""


def test_the_application_role_creates_no_temporary_objects(postgres, migrated):
    with app_session(postgres) as connection, connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute("create domain pg_temp.uuid as text")


def test_a_type_planted_in_pg_temp_is_used_by_no_definer_function(postgres, owner, world):
    """The application role once ran its own code as the definer role through a domain `pg_temp.uuid`."""
    context = world.app.extensions["coopapi"].database.context(actor_named(world, "foreign"), world.clock())
    with owner.cursor() as mighty, app_session(postgres) as connection, connection.cursor() as cursor:
        mighty.execute("grant temporary on database coopapi to coopapi_app")
        try:
            cursor.execute(PLANT)
            cursor.execute("select set_config('coopapi.context', %s, false)", (context,))
            cursor.execute(RECORD)
            mighty.execute("alter function priv.record(jsonb) set search_path = pg_catalog")
            with pytest.raises(psycopg2.errors.RaiseException, match="ran as coopapi_definer"):
                cursor.execute(RECORD)
        finally:
            mighty.execute("alter function priv.record(jsonb) set search_path = pg_catalog, pg_temp")
            mighty.execute("revoke temporary on database coopapi from coopapi_app")


def test_every_transaction_has_its_limits(world):
    with world.app.extensions["coopapi"].database.anonymous() as session:
        for name, limit in (
            ("statement_timeout", "15s"),
            ("lock_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "20s"),
            ("jit", "off"),
            ("client_min_messages", "notice"),
        ):
            assert session.scalar(text(f"show {name}")) == limit


def test_expiry_of_access_follows_the_clock(world):
    case = world.case("investigator")
    until = (world.clock() + timedelta(hours=2)).isoformat()
    grant = {"authority_id": str(world.authorities["fr"]), "level": "read", "until": until, "reason": "joint work"}
    world.as_("investigator").post(f"/cases/{case}/access", grant)
    assert world.as_("foreign").get(f"/cases/{case}").status_code == 200

    world.clock.forward(hours=3)

    assert world.as_("foreign").get(f"/cases/{case}").status_code == 404
    assert probe(world, f"select count(*) from cases where id = '{case}'") == 0
