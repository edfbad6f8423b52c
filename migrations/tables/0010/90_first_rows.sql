-- A case of nobody: whoever sees it sees too much, and the service refuses to start (R14). Planted before the policies hold.
insert into authorities values ('00000000-0000-0000-0000-000000000000', 1, 'canary', 'organisation', null, '{}', '{}', false,
    '2000-01-01Z');

insert into cases (id, version, authority_id, reference, title, case_type, crime_categories, countries, visibility,
        handling_code, state, created_at, updated_at, reference_folded)
    values ('00000000-0000-0000-0000-000000000000', 1, '00000000-0000-0000-0000-000000000000', 'canary', 'canary', 'bilateral',
        '{}', '{}', 'open_index', 'H0', 'registered', '2000-01-01Z', '2000-01-01Z',
        'canary');

-- The operator: enters authorities and names their first administrators (R11), and nothing else.
insert into authorities values ('00000000-0000-7000-8000-000000000001', 1, 'Operator of this register', 'organisation', null, '{}',
    '{}', true, '2000-01-01Z');
