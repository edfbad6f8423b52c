-- Evidence as it was before each receiver answered for itself: one state for all.
alter policy seen on evidence using (
    PARTY(evidence.object_id)
    and (object_type <> 'jit'
         or exists (select from public.jit_parties j
                    where j.jit_id = evidence.object_id and j.authority_id = (select priv.authority()) and j.state = 'party')
         or exists (select from public.jit_participants j
                    where j.jit_id = evidence.object_id and j.authority_id = (select priv.authority()) and j.evidence)));
alter policy seen on evidence_texts using (
    exists (select from public.evidence e where e.id = evidence_texts.evidence_id
            and (e.state = 'accepted' or e.provider_id = (select priv.authority()))));
alter policy seen on custody using (
    PARTY(custody.object_id)
    and (authority_id = (select priv.authority())
         or exists (select from public.evidence e where e.id = custody.evidence_id
                    and (e.state = 'accepted' or e.provider_id = (select priv.authority())))));
alter policy made on evidence_uses with check (
    GRANTED(evidence_uses.case_id, 3) and authority_id = (select priv.authority()) and state in ('recorded', 'consent_asked')
    and ACTING(evidence_uses.object_id)
    and exists (select from public.evidence e where e.id = evidence_uses.evidence_id and e.object_id = evidence_uses.object_id
                and e.provider_id = evidence_uses.provider_id and e.state = 'accepted'));
alter table evidence_uses drop column serious_threat;
drop function priv.erase_operational(), priv.opened(uuid), priv.hand_to_verify(uuid), priv.hold_item(uuid),
    priv.settle_item(uuid, boolean), priv.verify_item(uuid);
alter policy changed on evidence using (ACTING(evidence.object_id)) with check (ACTING(evidence.object_id));
revoke update (version, state, decided_by, decided_at, terms, answer) on evidence from coopapi_definer;
delete from evidence_uses where evidence_id in (select id from evidence where terms is null);
delete from custody where sealed is null;
delete from evidence_recipients where evidence_id in (select id from evidence where terms is null);
delete from evidence where terms is null;
alter table evidence alter column terms set not null;
alter table custody alter column sealed set not null;
revoke select, update (sealed) on custody from coopapi_definer;
delete from evidence_texts t using evidence e where e.id = t.evidence_id and e.state in ('to_verify', 'rejected');
drop index evidence_given_once;
alter table evidence drop constraint evidence_state, drop constraint verified_by_somebody, drop constraint erased_within_four_weeks;
update evidence e set state = case when exists (
        select from evidence_recipients r where r.evidence_id = e.id and r.state = 'accepted') then 'accepted' else 'offered' end
    where e.state = 'given';
update evidence set state = 'withdrawn' where state in ('to_verify', 'rejected');
alter table evidence add constraint evidence_state check (state in ('offered', 'accepted', 'declined', 'withdrawn', 'recalled')),
    drop column verifier_id, drop column verified_at, drop column erase_at;
create unique index evidence_given_once on evidence (object_id, sha256) where state in ('offered', 'accepted');
drop table evidence_recipients;
drop function priv.receivers(uuid, uuid), priv.gives(uuid, uuid, uuid), priv.near_item(uuid), priv.exchanges(uuid, uuid);
revoke select on evidence, evidence_texts, jit_participants from coopapi_definer;
revoke delete on evidence_texts from coopapi_definer;
alter table jits drop column administrator_id;
