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

-- What waits for an authority, found without reading what waits for others or what has ended.
create index requests_open_of on mla_requests (requesting_id)
    where state <> all (array['closed', 'withdrawn', 'refused', 'declined', 'accepted', 'released', 'expired', 'evidence_transferred', 'surrendered', 'mla_submitted']);
create index requests_open_to on mla_requests (executing_id)
    where state <> all (array['closed', 'withdrawn', 'refused', 'declined', 'accepted', 'released', 'expired', 'evidence_transferred', 'surrendered', 'mla_submitted']);
create index requests_open_for on mla_requests (enforcing_id)
    where state <> all (array['closed', 'withdrawn', 'refused', 'declined', 'accepted', 'released', 'expired', 'evidence_transferred', 'surrendered', 'mla_submitted']);
create index disclosures_waiting on disclosures (owner_authority) where state in ('requested', 'awaiting_judicial_authorisation');
create index responsibilities on case_access (authority_id, level) where kind = 'responsible' and withdrawn_at is null;
create index disclosures_waiting_of_case on disclosures (owner_case) where state in ('requested', 'awaiting_judicial_authorisation');
create index evidence_waiting on evidence_recipients (authority_id) where state = 'offered';
create index evidence_to_verify on evidence (verifier_id) where state = 'to_verify';
create index uses_waiting on evidence_uses (provider_id) where state = 'consent_asked';
create index parties_of_teams on jit_parties (authority_id) where state = 'party';
create index amendments_that_admit on jit_amendments (authority_id) where state = 'proposed';
create index meetings_by_host on meetings (host_id, state);
create index seats_that_wait on meeting_participants (authority_id) where state in ('invited', 'accepted') and agreed_at is null;
create index actions_waiting on meeting_actions (owner_id) where state = 'open';
create index replies_waiting on consultation_positions (authority_id) where replied_at is null;
create index approvals_waiting on approvals (expires_at) where state = 'requested';
