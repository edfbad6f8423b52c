-- The parts of an authority by side, and its disclosures, in the order of the lists of its State's desk.
create index parties_by_side on parties (authority_id, side, object_id);
create index disclosures_by_asking_authority on disclosures (asking_authority, id);
create index disclosures_by_owning_authority on disclosures (owner_authority, id);
