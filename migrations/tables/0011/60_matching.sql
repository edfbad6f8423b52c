-- Changes of holdings that matching has not followed yet. Each is committed together with the holdings, and the worker takes them in order.
create table matching_queue (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    -- The case whose holdings changed, or the exclusion that took effect or ended.
    case_id uuid,
    exclusion_id uuid,
    -- The tokens whose holders changed, and the family of each where it is new.
    tokens bytea[],
    families text[],
    -- Identifiers that have to be compared with similar ones.
    compared uuid[],
    -- Cases that were similar to this one until a value was withdrawn.
    apart uuid[],
    -- Whether the visibility of the case or the category of a subject changed, so that all its overlaps are computed anew.
    whole boolean not null default false,
    -- Whether evidence is lost for readers with victim clearance, and for those without: until it is settled they see none of these overlaps.
    loses boolean not null default false,
    open_loses boolean not null default false,
    -- Whether the pairs that this change affects are known. The row is deleted when their overlaps are computed.
    followed boolean not null default false,
    constraint case_or_exclusion check (num_nonnulls(case_id, exclusion_id) = 1)
);
create index matching_queue_to_follow on matching_queue (id) where not followed;
create index matching_queue_of_losses on matching_queue (id) where not followed and (loses or open_loses);
create index matching_queue_by_case on matching_queue (case_id);

-- Pairs of cases whose overlap has to be computed anew.
create table pairs_due (
    case_a uuid not null,
    case_b uuid not null,
    -- Whether one of the cases is hidden. Such pairs are computed after all others, so that these do not wait for them.
    hidden boolean not null,
    loses boolean not null,
    open_loses boolean not null,
    at timestamptz not null,
    primary key (case_a, case_b)
);
create index pairs_due_in_order on pairs_due (hidden, at);
