-- The owners of the cases that an authority sees, and the cases of each.
create index case_access_by_owner on case_access (authority_id, owner_id, case_id);

-- The overlaps of an authority by their rank for readers without victim clearance.
create index overlaps_by_first_authority_open on case_overlaps (authority_a, open_rank desc, id desc);
create index overlaps_by_second_authority_open on case_overlaps (authority_b, open_rank desc, id desc);
