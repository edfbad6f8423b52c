grant select, update on overlap_sides to coopapi_app;
grant select, insert, update on disclosures, exclusions to coopapi_app;
grant select, insert on disclosed_items to coopapi_app;
grant select, insert, update, delete on likenesses to coopapi_definer;
grant select, insert, update on overlap_sides to coopapi_definer;
grant select, update on exclusions to coopapi_definer;
grant select on identifiers, case_keys, disclosures, disclosed_items to coopapi_definer;

drop policy seen on case_overlaps;
create policy seen on case_overlaps for select using (
    (case when (select priv.cleared()) then ever else ever_open end)
    and (not hidden_a or authority_a = (select priv.authority()))
    and (not hidden_b or authority_b = (select priv.authority()))
    and (GRANTED(case_overlaps.case_a, 1) or GRANTED(case_overlaps.case_b, 1)));

-- A side is judged by those who may add to its case, and seen with it: the other side's judgement is not there (R10).
create policy seen on overlap_sides for select using (
    GRANTED(overlap_sides.case_id, 1)
    and exists (select from public.case_overlaps o where o.id = overlap_sides.overlap_id));
create policy judged on overlap_sides for update using (
    GRANTED(overlap_sides.case_id, 3)
    and exists (select from public.case_overlaps o where o.id = overlap_sides.overlap_id));

-- Both sides see what was asked and answered; only the asking side asks.
create policy seen on disclosures for select using (
    (GRANTED(disclosures.asking_case, 2) or GRANTED(disclosures.owner_case, 2))
    and ((select priv.cleared()) or priv.openly(overlap_id)));
create policy asked on disclosures for insert with check (
    GRANTED(disclosures.asking_case, 3) and asking_authority = (select priv.authority())
    and exists (select from public.case_overlaps o where o.id = disclosures.overlap_id));
create policy answered on disclosures for update using (
    GRANTED(disclosures.asking_case, 3) or GRANTED(disclosures.owner_case, 3));
create policy seen on disclosed_items for select using (
    exists (select from public.disclosures d where d.id = disclosed_items.disclosure_id)
    and (not victim or (select priv.cleared())));
create policy given on disclosed_items for insert with check (
    exists (select from public.disclosures d where d.id = disclosed_items.disclosure_id
            and GRANTED(d.owner_case, 3)));

create policy seen on exclusions for select using (authority_id = (select priv.authority()) or everywhere);
create policy made on exclusions for insert with check (
    authority_id = (select priv.authority()) and (not everywhere or (select priv.operator())));
create policy changed on exclusions for update using (authority_id = (select priv.authority()));

-- What happens to a disclosure and to a side belongs to the overlap's two owners alone, as the overlap itself does.
update case_overlaps set open_changed_at = changed_at, rank = priv.rank(strength, 0, greatest(shared_a, shared_b)),
    open_rank = priv.rank(open_strength, 0, greatest(open_shared_a, open_shared_b));
