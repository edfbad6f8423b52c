-- Who has a part in a thing that several authorities share (a request, later a team or a meeting), on which side, until when.
create table parties (
    id uuid primary key,
    object_id uuid not null,
    authority_id uuid not null references authorities (id),
    side text not null constraint party_side check (side in ('requesting', 'executing', 'enforcing', 'negotiating', 'member',
        'participant', 'host', 'invited')),
    case_id uuid references cases (id),
    acting boolean not null,
    since timestamptz not null,
    until timestamptz,
    constraint party_once unique (object_id, authority_id, side)
);
create index parties_by_authority on parties (authority_id, object_id);
create index parties_by_case on parties (case_id, object_id) where case_id is not null;

create table shared_cases (
    id uuid primary key,
    version integer not null,
    object_id uuid not null,
    case_id uuid not null,
    owner_id uuid not null,
    level smallint not null constraint shared_level check (level between 1 and 3),
    shared_by uuid not null,
    shared_at timestamptz not null,
    ended_at timestamptz,
    constraint shared_case foreign key (case_id, owner_id) references cases (id, authority_id),
    constraint shared_once unique (object_id, case_id)
);
create index shared_cases_by_case on shared_cases (case_id);
