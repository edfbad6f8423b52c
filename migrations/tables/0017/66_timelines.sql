-- Timelines are read in the order of time, from either end and from any place.
create index journal_timeline on journal_entries (case_id, at, id) where case_id is not null and not consultation;
create index fact_history_by_time on fact_history (case_id, begins_at, fact_id);
