-- Which person of an authority attends to a thing. It is a table of its own, so that an assignment changes nothing about the thing.
create table assignments (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    object_type text not null,
    object_id uuid not null,
    principal_id uuid,
    assigned_by uuid not null references principals (id),
    assigned_at timestamptz not null,
    unique (authority_id, object_type, object_id),
    foreign key (principal_id, authority_id) references principals (id, authority_id)
);

-- What waits for an authority, found without reading what waits for others.
create index disclosures_waiting on disclosures (owner_authority, due_at) where state in ('requested', 'awaiting_judicial_authorisation');
create index evidence_waiting on evidence_recipients (authority_id) where state = 'offered';
create index evidence_to_verify on evidence (verifier_id) where state = 'to_verify';
create index uses_waiting on evidence_uses (provider_id) where state = 'consent_asked';
create index invitations_waiting on meeting_participants (authority_id) where state = 'invited';
create index approvals_waiting on approvals (authority_id) where state = 'requested';
