-- By it, the oldest change that others than imports made is found, however many changes of imports wait.
create index matching_queue_by_age on matching_queue (imported, at);
