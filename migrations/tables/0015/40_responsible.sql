-- Whether a grant makes its authority responsible for the case. Until that authority accepts, the grant has the level of the index. There is
-- at most one grant of each of the two levels.
alter table case_access
    add column kind text not null default 'access' constraint access_kind check (kind in ('access', 'responsible')),
    add constraint responsible_is_an_authority check (kind = 'access'
        or level in (1, 3) and authority_id <> owner_id and principal_id is null and since is null and until is null and via_id is null);
create unique index one_responsible on case_access (case_id, level) where kind = 'responsible' and withdrawn_at is null;

-- The authority that shared the case: its owner, or the authority that is responsible for it.
alter table shared_cases add column sharer_id uuid references authorities (id);
update shared_cases set sharer_id = owner_id;
alter table shared_cases alter column sharer_id set not null;

-- Whether the Eurojust desk of the owner's State sees the index of the case (Regulation (EU) 2018/1727 Art. 24).
alter table cases add column desk text not null default 'index' constraint case_desk check (desk in ('index', 'none'));
