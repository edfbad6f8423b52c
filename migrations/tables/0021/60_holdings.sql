-- One index tells what a case holds and what of it is evidence.
drop index holdings_by_case, holdings_of_evidence;
create index holdings_by_case on holdings (case_id, token, strength);
-- Rows of the queue live for seconds. Otherwise PostgreSQL tries to compress the tokens of a case with about 30 of them, which are random.
alter table matching_queue set (toast_tuple_target = 8160);
