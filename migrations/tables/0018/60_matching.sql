-- Whether an import made the change. The worker follows such changes when no other one waits.
alter table matching_queue add column imported boolean not null default false;
drop index matching_queue_to_follow;
create index matching_queue_to_follow on matching_queue (imported, id) where not followed;
