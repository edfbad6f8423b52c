-- Evidence: what authorities give each other, as metadata. Never its content, and what is said of it in words is sealed.
create table evidence (
    id uuid primary key,
    version integer not null,
    object_id uuid not null,
    object_type text not null constraint evidence_shared_through check (object_type in ('request', 'jit')),
    item_id uuid,
    provider_id uuid not null references authorities (id),
    source_country text not null,
    sha256 text constraint evidence_sha256 check (sha256 ~ '^[0-9a-f]{64}$'),
    size bigint constraint evidence_size check (size >= 0),
    media_type text,
    obtained_on date not null,
    obtained_under text not null,
    handling_code text not null,
    conditions text[] not null,
    usable_until timestamptz,
    terms bytea not null,
    state text not null constraint evidence_state check (state in ('offered', 'accepted', 'declined', 'withdrawn', 'recalled')),
    answer bytea,
    decided_by uuid references principals (id),
    decided_at timestamptz,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    constraint digital_or_an_object check ((sha256 is null) = (size is null) and (sha256 is null) = (media_type is null)),
    constraint time_limit_has_its_end check ('time_limit' <> all (conditions) or usable_until is not null)
);
create unique index evidence_given_once on evidence (object_id, sha256) where state in ('offered', 'accepted');
create index evidence_by_object on evidence (object_id, id);

-- The words about an item, apart from it: a receiver opens them once the conditions are accepted (D21).
create table evidence_texts (
    evidence_id uuid primary key references evidence (id),
    sealed bytea not null
);

create table custody (
    id uuid primary key,
    version integer not null,
    evidence_id uuid not null references evidence (id),
    object_id uuid not null,
    act text not null,
    at timestamptz not null,
    authority_id uuid not null references authorities (id),
    sealed bytea not null,
    principal_id uuid not null references principals (id),
    recorded_at timestamptz not null
);
create index custody_by_evidence on custody (evidence_id, id);

create table evidence_uses (
    id uuid primary key,
    version integer not null,
    evidence_id uuid not null references evidence (id),
    object_id uuid not null,
    provider_id uuid not null references authorities (id),
    case_id uuid not null references cases (id),
    authority_id uuid not null references authorities (id),
    purpose text not null,
    use_as text not null constraint used_as check (use_as in ('intelligence', 'evidence')),
    consent_needed boolean not null,
    state text not null constraint use_state check (state in ('consent_asked', 'recorded', 'denied', 'withdrawn', 'revoked')),
    sealed bytea not null,
    answer bytea,
    asked_by uuid not null references principals (id),
    asked_at timestamptz not null,
    decided_by uuid references principals (id),
    decided_at timestamptz,
    constraint consent_decided_by_somebody check (not consent_needed or (state = 'consent_asked') = (decided_at is null)),
    constraint no_consent_no_answer check (consent_needed or state = 'recorded')
);
create index uses_by_evidence on evidence_uses (evidence_id, id);
create index uses_by_case on evidence_uses (case_id, id);

-- Whether the caller stands in for an authority of the same thing that has nobody here, and records what it does.
create function priv.stands_in(p_object uuid, p_authority uuid) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select priv.takes_part(p_object, 3) and not priv.joined(p_authority) and exists (
        select from public.parties p
        where p.object_id = p_object and p.authority_id = p_authority and (p.until is null or p.until > priv.at()))
$$;
grant execute on function priv.stands_in(uuid, uuid) to coopapi_app;

grant select, insert on evidence, evidence_texts, custody, evidence_uses to coopapi_app;
grant update (version, state, answer, decided_by, decided_at) on evidence, evidence_uses to coopapi_app;

create policy seen on evidence for select using (PARTY(evidence.object_id));
create policy made on evidence for insert with check (
    ACTING(evidence.object_id) and created_by = (select priv.principal())
    and (provider_id = (select priv.authority()) or priv.stands_in(object_id, provider_id)));
create policy changed on evidence for update using (ACTING(evidence.object_id));

create policy seen on evidence_texts for select using (
    exists (select from public.evidence e where e.id = evidence_texts.evidence_id
            and (e.state = 'accepted' or e.provider_id = (select priv.authority()))));
create policy made on evidence_texts for insert with check (
    exists (select from public.evidence e where e.id = evidence_texts.evidence_id and e.created_by = (select priv.principal())));

-- Each authority sees the acts that it recorded, and the others' together with the words.
create policy seen on custody for select using (
    PARTY(custody.object_id)
    and (authority_id = (select priv.authority())
         or exists (select from public.evidence e where e.id = custody.evidence_id
                    and (e.state = 'accepted' or e.provider_id = (select priv.authority())))));
create policy made on custody for insert with check (
    ACTING(custody.object_id) and principal_id = (select priv.principal())
    and (authority_id = (select priv.authority()) or priv.stands_in(object_id, authority_id))
    and exists (select from public.evidence e where e.id = custody.evidence_id and e.object_id = custody.object_id));

-- A use is for those who may read the case it is made in, and for the provider, to whom it is an account (Budapest Art. 28(4)).
create policy seen on evidence_uses for select using (
    GRANTED(evidence_uses.case_id, 2)
    or provider_id = (select priv.authority()) and PARTY(evidence_uses.object_id));
create policy made on evidence_uses for insert with check (
    GRANTED(evidence_uses.case_id, 3) and authority_id = (select priv.authority()) and state in ('recorded', 'consent_asked')
    and ACTING(evidence_uses.object_id)
    and exists (select from public.evidence e where e.id = evidence_uses.evidence_id and e.object_id = evidence_uses.object_id
                and e.provider_id = evidence_uses.provider_id and e.state = 'accepted'));
create policy changed on evidence_uses for update
    using (GRANTED(evidence_uses.case_id, 3) or provider_id = (select priv.authority()) and ACTING(evidence_uses.object_id))
    with check (
        state = 'withdrawn' or priv.stands_in(object_id, provider_id)
        or provider_id = (select priv.authority()) and ACTING(evidence_uses.object_id));
