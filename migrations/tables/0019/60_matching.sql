-- By these, the oldest change that others than imports made, and the changes that were followed, are found however many of imports wait.
create index matching_queue_by_age on matching_queue (imported, at);
create index matching_queue_followed on matching_queue (id) where followed;
