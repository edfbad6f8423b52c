-- The entries of one thing on the list, which are followed together.
create index search_queue_by_object on search_queue (object_id);
