-- The codes from which statistics are made. The steps of requests set them (coopapi/mla/statistical_codes.py), and nothing else. What was sealed
-- in earlier requests is `unknown`.
alter table mla_requests
    add column requesting_country text,
    add column channel text,
    add column crime_categories text[] not null default '{unknown}',
    add column data_categories text[] not null default '{unknown}',
    add column measure_codes text[] not null default '{}',
    add column outcome text constraint request_outcome check (outcome in (
        'fulfilled', 'partly_fulfilled', 'not_fulfilled', 'refused', 'returned', 'withdrawn', 'unknown')),
    add column refusal_grounds text[] not null default '{}',
    add column validation text constraint request_validation check (validation in ('before', 'awaited', 'later', 'denied')),
    add column acknowledged_at timestamptz,
    add column obtained_at timestamptz,
    add column postponed_at timestamptz,
    add column enforcement_at timestamptz;
alter table mla_measures add column data_categories text[] not null default '{unknown}';

update mla_requests r set
    requesting_country = (select a.country from authorities a where a.id = r.requesting_id),
    channel = (select t.channel from mla_transmissions t where t.request_id = r.id order by t.id limit 1),
    measure_codes = array (select distinct m.code from mla_measures m where m.request_id = r.id order by 1),
    outcome = case
        when r.state in ('executed', 'evidence_transferred', 'preserved', 'extension_requested', 'mla_submitted', 'surrendered', 'accepted')
            then 'fulfilled'
        when r.state = 'partially_executed' then 'partly_fulfilled'
        when r.state in ('not_executed', 'declined') then 'not_fulfilled'
        when r.state in ('refused', 'returned', 'withdrawn') then r.state
        when r.state in ('closed', 'released', 'expired') then 'unknown' end,
    refusal_grounds = case when r.state = 'refused' then array (
        select distinct g from (select unnest(r.grounds) union all
            select unnest(m.grounds) from mla_measures m where m.request_id = r.id and m.state = 'refused') x (g) order by 1) else '{}' end,
    validation = case when r.validated_at is null then null when r.validated_at > r.transmitted_at then 'later' else 'before' end,
    acknowledged_at = (select min(s.since) from mla_stages s where s.request_id = r.id and s.state = 'acknowledged'),
    postponed_at = (select min(s.since) from mla_stages s where s.request_id = r.id and s.state = 'postponed'),
    enforcement_at = (select min(s.since) from mla_stages s where s.request_id = r.id and s.state = 'enforcement_requested'),
    obtained_at = case
        when r.state in ('executed', 'evidence_transferred', 'partially_executed') then (
            select max(m.ended_at) from mla_measures m where m.request_id = r.id
            and m.state in ('executed', 'partly_executed', 'transferred', 'partly_transferred'))
        when r.state in ('preserved', 'extension_requested', 'mla_submitted') then r.decided_at end;
