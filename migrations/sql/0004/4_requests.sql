-- A request may be made for a team (F22).
alter table mla_requests add column jit_id uuid references jits (id);
