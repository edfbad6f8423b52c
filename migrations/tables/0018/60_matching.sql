-- Whether an import made the change: it says so in a setting of its transaction. The worker follows such changes when no other one waits.
alter table matching_queue add column imported boolean not null default coalesce(current_setting('coopapi.importing', true) = 'on', false);
drop index matching_queue_to_follow;
create index matching_queue_to_follow on matching_queue (imported, id) where not followed;
