-- Joint investigation teams. What agreements, amendments, evaluations and drafts of statements say is sealed.
create table jits (
    id uuid primary key,
    version integer not null,
    maker_id uuid not null references authorities (id),
    reference text not null,
    legal_basis text not null,
    operation_name text,
    states_of_operation text[] not null,
    working_language text,
    since timestamptz,
    until timestamptz,
    state text not null constraint jit_state check (state in ('proposed', 'drafting', 'signature_pending', 'active', 'ended',
        'evaluation', 'closed', 'public_statement', 'abandoned')),
    end_reason text constraint jit_end_reason check (end_reason in ('expiry', 'goal', 'withdrawal')),
    ended_at timestamptz,
    wrapped bytea not null,
    sealed bytea not null,
    words bytea,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint jit_reference unique (maker_id, reference),
    constraint period_from_the_last_signature check (
        (state in ('proposed', 'drafting', 'signature_pending', 'abandoned')) = (since is null) and (since is null or since < until)),
    constraint ended_for_a_reason check (
        (state in ('ended', 'evaluation', 'closed', 'public_statement')) = (ended_at is not null)
        and (ended_at is null) = (end_reason is null))
);

create table jit_parties (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    authority_id uuid not null references authorities (id),
    country text not null,
    leader_id uuid references principals (id),
    sealed bytea,
    state text not null constraint jit_party_state check (state in ('party', 'removed', 'left')),
    joined_at timestamptz not null,
    left_at timestamptz,
    constraint gone_since check ((state = 'party') = (left_at is null))
);
create unique index each_state_once on jit_parties (jit_id, country) where state = 'party';

create table jit_members (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    authority_id uuid not null references authorities (id),
    sealed bytea not null,
    seconded boolean not null,
    state text not null constraint jit_member_state check (state in ('serving', 'ended')),
    since timestamptz not null,
    until timestamptz
);
create index members_by_jit on jit_members (jit_id, id);

create table jit_participants (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    authority_id uuid not null references authorities (id),
    role text not null,
    evidence boolean not null,
    sealed bytea not null,
    state text not null constraint jit_participant_state check (state in ('serving', 'ended')),
    since timestamptz not null,
    until timestamptz
);
create unique index participant_once on jit_participants (jit_id, authority_id) where state = 'serving';

create table jit_associates (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    sealed bytea not null,
    state text not null constraint jit_associate_state check (state in ('serving', 'ended')),
    since timestamptz not null,
    until timestamptz
);
create index associates_by_jit on jit_associates (jit_id, id);

-- One party's signature under one text; a text that changed voids it, and nothing removes it.
create table jit_signatures (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    subject_id uuid not null,
    authority_id uuid not null references authorities (id),
    principal_id uuid not null references principals (id),
    text_sha256 text not null constraint signed_sha256 check (text_sha256 ~ '^[0-9a-f]{64}$'),
    signed_at timestamptz not null,
    voided_at timestamptz
);
create unique index signed_once on jit_signatures (subject_id, authority_id) where voided_at is null;
create index signatures_by_jit on jit_signatures (jit_id, id);

create table jit_amendments (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    change text not null constraint amendment_change check (change in ('join', 'leave', 'purpose', 'period', 'clause', 'participant')),
    authority_id uuid references authorities (id),
    until timestamptz,
    sealed bytea not null,
    words bytea,
    state text not null constraint amendment_state check (state in ('proposed', 'applied', 'refused', 'withdrawn')),
    proposed_by uuid not null references authorities (id),
    proposed_at timestamptz not null,
    decided_at timestamptz,
    constraint whose_place check ((change in ('join', 'leave', 'participant')) = (authority_id is not null)),
    constraint period_says_until check (change <> 'period' or until is not null)
);
create index amendments_by_jit on jit_amendments (jit_id, id);

create table jit_evaluations (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    authority_id uuid references authorities (id),
    sealed bytea not null,
    answered_by uuid not null references principals (id),
    answered_at timestamptz not null,
    constraint one_answer_each unique nulls not distinct (jit_id, authority_id)
);

create table jit_statements (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    names_operation boolean not null,
    victims_checked boolean not null constraint victims_were_checked check (victims_checked),
    no_ongoing_trial boolean not null constraint no_trial_goes_on check (no_ongoing_trial),
    sealed bytea not null,
    state text not null constraint statement_state check (state in ('proposed', 'approved')),
    proposed_by uuid not null references authorities (id),
    proposed_at timestamptz not null,
    constraint one_statement unique (jit_id)
);

-- What everybody may read of a team, under an id of its own.
create table jit_releases (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    operation_name text,
    countries text[] not null,
    year smallint not null,
    texts jsonb not null,
    released_at timestamptz not null,
    retracted_at timestamptz
);
create unique index released_once on jit_releases (jit_id) where retracted_at is null;

grant select, insert on jits, jit_parties, jit_members, jit_participants, jit_associates, jit_signatures, jit_amendments, jit_evaluations,
    jit_statements, jit_releases to coopapi_app;
grant update (version, legal_basis, operation_name, states_of_operation, working_language, since, until, state, end_reason, ended_at, sealed,
    words, updated_at) on jits to coopapi_app;
grant update (version, leader_id, sealed, state, left_at) on jit_parties to coopapi_app;
grant update (version, state, until) on jit_members, jit_participants, jit_associates to coopapi_app;
grant update (version, voided_at) on jit_signatures to coopapi_app;
grant update (version, state, words, decided_at) on jit_amendments to coopapi_app;
grant update (version, sealed, answered_by, answered_at) on jit_evaluations to coopapi_app;
grant update (version, names_operation, sealed, state, proposed_by, proposed_at) on jit_statements to coopapi_app;
grant update (version, retracted_at) on jit_releases to coopapi_app;
grant select on jits, jit_parties, jit_releases, shared_cases, subjects to coopapi_definer;
grant update on shared_cases to coopapi_definer;

-- Whether the caller is of a State in the team, or negotiates: participants stand beside it (Convention of 29 May 2000, Art. 13(12)).
create function priv.in_team(p_jit uuid) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select exists (
        select from public.parties p
        where p.object_id = p_jit and p.side in ('negotiating', 'member') and p.authority_id = priv.authority()
          and (p.until is null or p.until > priv.at()))
$$;
grant execute on function priv.in_team(uuid) to coopapi_app;

create policy seen on jits for select using (PARTY(jits.id));
create policy made on jits for insert with check (ACTING(jits.id) and created_by = (select priv.principal()));
create policy changed on jits for update using (ACTING(jits.id));

create policy seen on jit_parties for select using (PARTY(jit_parties.jit_id));
create policy made on jit_parties for insert with check (ACTING(jit_parties.jit_id));
create policy changed on jit_parties for update using (ACTING(jit_parties.jit_id));

create policy seen on jit_members for select using (priv.in_team(jit_id));
create policy made on jit_members for insert with check (
    ACTING(jit_members.jit_id) and authority_id = (select priv.authority()));
create policy changed on jit_members for update using (
    ACTING(jit_members.jit_id) and authority_id = (select priv.authority()));

create policy seen on jit_participants for select using (PARTY(jit_participants.jit_id));
create policy made on jit_participants for insert with check (ACTING(jit_participants.jit_id));
create policy changed on jit_participants for update using (ACTING(jit_participants.jit_id));

create policy seen on jit_associates for select using (priv.in_team(jit_id));
create policy made on jit_associates for insert with check (ACTING(jit_associates.jit_id));
create policy changed on jit_associates for update using (ACTING(jit_associates.jit_id));

create policy seen on jit_signatures for select using (PARTY(jit_signatures.jit_id));
create policy made on jit_signatures for insert with check (
    ACTING(jit_signatures.jit_id) and authority_id = (select priv.authority()) and principal_id = (select priv.principal()));
create policy changed on jit_signatures for update using (ACTING(jit_signatures.jit_id));

create policy seen on jit_amendments for select using (priv.in_team(jit_id));
create policy made on jit_amendments for insert with check (
    ACTING(jit_amendments.jit_id) and proposed_by = (select priv.authority()));
create policy changed on jit_amendments for update using (ACTING(jit_amendments.jit_id));

create policy seen on jit_evaluations for select using (priv.in_team(jit_id));
create policy made on jit_evaluations for insert with check (
    ACTING(jit_evaluations.jit_id) and (authority_id is null or authority_id = (select priv.authority())));
create policy changed on jit_evaluations for update using (
    ACTING(jit_evaluations.jit_id) and (authority_id is null or authority_id = (select priv.authority())));

create policy seen on jit_statements for select using (priv.in_team(jit_id));
create policy made on jit_statements for insert with check (
    ACTING(jit_statements.jit_id) and proposed_by = (select priv.authority()));
create policy changed on jit_statements for update using (ACTING(jit_statements.jit_id));

create policy seen on jit_releases for select using (priv.in_team(jit_id));
create policy made on jit_releases for insert with check (ACTING(jit_releases.jit_id));
create policy changed on jit_releases for update using (ACTING(jit_releases.jit_id));

-- The evidence of a team is seen by its parties, and by participants whose terms say so: not by a State that is still to join. It is given
-- by parties while the team is active, not before the last signature and not after the end (M12).
alter policy seen on evidence using (
    PARTY(evidence.object_id)
    and (object_type <> 'jit'
         or exists (select from public.jit_parties j
                    where j.jit_id = evidence.object_id and j.authority_id = (select priv.authority()) and j.state = 'party')
         or exists (select from public.jit_participants j
                    where j.jit_id = evidence.object_id and j.authority_id = (select priv.authority()) and j.evidence)));
alter policy made on evidence with check (
    ACTING(evidence.object_id) and created_by = (select priv.principal())
    and (provider_id = (select priv.authority()) or priv.stands_in(object_id, provider_id))
    and (object_type <> 'jit' and not exists (select from public.jits t where t.id = evidence.object_id) or exists (
        select from public.jits t join public.jit_parties j on j.jit_id = t.id
        where t.id = evidence.object_id and t.state = 'active' and t.until > (select priv.at())
          and j.authority_id = (select priv.authority()) and j.state = 'party' and evidence.object_type = 'jit')));

-- Take back what a State shared that has left the team.
create function priv.end_shares(p_jit uuid, p_authority uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
begin
    if not priv.takes_part(p_jit, 3) or exists (
            select from public.jit_parties j where j.jit_id = p_jit and j.authority_id = p_authority and j.state = 'party') then
        raise exception 'it has not left' using errcode = '42501';
    end if;
    update public.shared_cases s set ended_at = priv.at(), version = s.version + 1
        where s.object_id = p_jit and s.owner_id = p_authority and s.ended_at is null;
end $$;

-- What must not stand in a public statement: references and pseudonyms of every case that was ever shared, also where access has ended.
create function priv.unsayable(p_jit uuid) returns table (rule text, term text)
language sql stable security definer set search_path = pg_catalog as $$
    with shared as (
        select c.* from public.shared_cases s join public.cases c on c.id = s.case_id
        where s.object_id = p_jit and priv.takes_part(p_jit, 3))
    select 'case_reference', r.term
    from shared c cross join lateral (values (c.reference), (c.eurojust_number), (c.siena_reference), (c.ecodex_id)) r (term)
    where r.term is not null
    union all
    select 'pseudonym', s.pseudonym from public.subjects s join shared c on c.id = s.case_id
$$;

-- The public page: released columns of teams whose statement every party approved, and nothing else, for anybody.
create function priv.public_jits(p_id uuid, p_after uuid, p_year integer, p_limit integer)
returns table (id uuid, operation_name text, countries text[], year smallint, texts jsonb)
language sql stable security definer set search_path = pg_catalog as $$
    select r.id, r.operation_name, r.countries, r.year, r.texts
    from public.jit_releases r join public.jits j on j.id = r.jit_id
    where r.retracted_at is null and j.state = 'public_statement'
      and (p_id is null or r.id = p_id) and (p_after is null or r.id < p_after) and (p_year is null or r.year = p_year)
    order by r.id desc limit p_limit
$$;

grant execute on function priv.end_shares(uuid, uuid), priv.unsayable(uuid), priv.public_jits(uuid, uuid, integer, integer) to coopapi_app;
