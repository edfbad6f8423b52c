-- The authority of the person who validated a request, and as what that person validated it. Forms say both on both sides, and the other
-- side cannot see the person. Requests validated before have neither: what the person was at that time is not recorded, and forms that
-- were sent do not change.
alter table mla_requests
    add column validating_id uuid references authorities (id),
    add column validated_as text constraint validated_as_somebody check (validated_as in ('none', 'prosecutor', 'judge'));
alter table mla_requests
    add constraint validating_authority_of_somebody
        check ((validating_id is null) = (validated_as is null) and (validating_id is null or validated_by is not null));
