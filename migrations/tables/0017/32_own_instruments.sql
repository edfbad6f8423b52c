-- Legal instruments that central authorities enter for their own country: treaties that the shipped data do not have (`code`), and what a
-- country takes away from a shipped one (`narrows`). They count once a second person, of the operator, has approved them.
create table own_instruments (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    country text not null,
    code text,
    narrows text,
    title text not null,
    citation text not null,
    countries text[] not null,
    kinds text[] not null,
    measures jsonb not null,
    says jsonb not null,
    source text not null,
    source_date date not null,
    valid_from date not null,
    valid_until date,
    state text not null constraint own_instrument_state check (state in ('proposed', 'approved', 'rejected')),
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    approved_at timestamptz,
    constraint treaty_or_narrowing check ((code is null) <> (narrows is null)),
    constraint own_country_is_bound check (country = any (countries)),
    constraint begins_before_it_ends check (valid_until is null or valid_until >= valid_from),
    constraint approved_once check ((state = 'approved') = (approved_at is not null))
);
create unique index own_instrument_codes on own_instruments (code) where state = 'approved';
create index own_instruments_by_authority on own_instruments (authority_id, id);
