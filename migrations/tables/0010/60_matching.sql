-- What matching knows: no value, no policy, no trigger, no reference to another table (it can be distributed by token).
-- The counts are of cases for a value (exact), and of identifiers for a match key.
create table match_tokens (
    token bytea primary key,
    family text not null,
    cases integer not null,
    -- How many of these cases hold it for somebody who is not a victim: what the uncleared may count.
    open_cases integer not null,
    hidden_cases integer not null,
    exact boolean not null
);

create table holdings (
    token bytea not null,
    case_id uuid not null,
    identifier_id uuid not null,
    authority_id uuid not null,
    kind text not null,
    strength smallint not null,
    role text,
    hidden boolean not null,
    since timestamptz not null,
    -- Since when it is not about a victim, as far as that is the case now.
    open_since timestamptz not null,
    primary key (token, case_id, identifier_id)
);
create index holdings_by_case on holdings (case_id, token);
create index holdings_by_identifier on holdings (identifier_id);
-- Match keys of persons are held with strength 0, or -1 where they only answer: they are no evidence, only reasons to compare.
create index holdings_of_evidence on holdings (case_id, token) where strength > 0;

create table case_overlaps (
    id uuid primary key,
    case_a uuid not null references cases (id),
    case_b uuid not null references cases (id),
    authority_a uuid not null,
    authority_b uuid not null,
    hidden_a boolean not null,
    hidden_b boolean not null,
    state text not null,
    strength smallint not null,
    shared_a integer not null,
    shared_b integer not null,
    kinds text[] not null,
    open_strength smallint not null,
    open_shared_a integer not null,
    open_shared_b integer not null,
    open_kinds text[] not null,
    rank bigint not null,
    open_rank bigint not null,
    -- When the readers of each side could first know of it, and the uncleared among them; null if they never could.
    detected_a timestamptz,
    detected_b timestamptz,
    open_detected_a timestamptz,
    open_detected_b timestamptz,
    -- When the case of the other side last became visible to this one, if it was hidden at first.
    shown_a timestamptz,
    shown_b timestamptz,
    changed_at timestamptz not null,
    rarity smallint not null default 0,
    open_rarity smallint not null default 0,
    roles text[] not null default '{}',
    open_roles text[] not null default '{}',
    first_at timestamptz,
    last_at timestamptz,
    open_first_at timestamptz,
    open_last_at timestamptz,
    open_changed_at timestamptz,
    score real not null default 0,
    open_score real not null default 0,
    constraint overlap_pair unique (case_a, case_b),
    constraint overlap_of_two_cases check (case_a < case_b),
    constraint overlap_state check (state = case when shared_a = 0 then 'withdrawn' else 'detected' end)
);
create index overlaps_by_second_case on case_overlaps (case_b, case_a);
create index overlaps_by_first_authority on case_overlaps (authority_a, rank desc, id desc);
create index overlaps_by_second_authority on case_overlaps (authority_b, rank desc, id desc);

create table likenesses (
    identifier_a uuid not null,
    identifier_b uuid not null,
    case_a uuid not null,
    case_b uuid not null,
    score real not null,
    strength smallint not null,
    rule text not null,
    primary key (identifier_a, identifier_b),
    constraint likeness_of_two check (identifier_a < identifier_b and case_a <> case_b)
);
create index likenesses_by_second on likenesses (identifier_b);
create index likenesses_by_cases on likenesses (case_a, case_b);

-- What one side makes of an overlap (R10). What its cleared people made of it while there was nothing but evidence about victims is a row
-- of its own (`victims`), which the uncleared do not see. For the cleared, the row with the latest turn holds. Turns come from a sequence,
-- because the uncleared cannot count the steps that they do not see.
create sequence overlap_turns;
create table overlap_sides (
    id uuid primary key,
    version integer not null,
    overlap_id uuid not null references case_overlaps (id),
    case_id uuid not null references cases (id),
    authority_id uuid not null references authorities (id),
    victims boolean not null,
    turn bigint not null,
    state text not null constraint side_state
        check (state in ('detected', 'under_verification', 'confirmed', 'rejected', 'unsure')),
    verifier_id uuid references principals (id),
    reason text,
    decided_by uuid references principals (id),
    decided_at timestamptz,
    constraint side_of_overlap unique (overlap_id, case_id, victims),
    constraint verified_by_a_person check (state in ('detected', 'rejected') or verifier_id is not null)
);
create index overlap_sides_by_case on overlap_sides (case_id, state);

-- What is evidence for no overlap of its author's cases (of nobody's, if the operator says so), and until when.
create table exclusions (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    everywhere boolean not null,
    tokens bytea[],
    identifier_id uuid references identifiers (id),
    kind text,
    other_id uuid references authorities (id),
    reason text not null,
    until timestamptz,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    withdrawn_at timestamptz,
    withdrawn_by uuid references principals (id),
    lapsed_at timestamptz,
    constraint one_thing_excluded check (num_nonnulls(tokens, kind, other_id) = 1)
);
create index exclusions_in_force on exclusions (until) where withdrawn_at is null and lapsed_at is null;
