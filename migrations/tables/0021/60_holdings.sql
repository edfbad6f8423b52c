-- One index tells what a case holds and what of it is evidence.
drop index holdings_by_case, holdings_of_evidence;
create index holdings_by_case on holdings (case_id, token, strength);
