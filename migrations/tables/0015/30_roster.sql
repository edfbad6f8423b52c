-- Who is on duty for a point of contact, and when.
create table duty_shifts (
    id uuid primary key,
    version integer not null,
    contact_point_id uuid not null references contact_points (id),
    authority_id uuid not null references authorities (id),
    principal_id uuid not null,
    since timestamptz not null,
    until timestamptz not null,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    foreign key (principal_id, authority_id) references principals (id, authority_id),
    constraint shift_lasts check (since <= until)
);
create index shifts_by_point on duty_shifts (contact_point_id, until);
create index shifts_by_authority on duty_shifts (authority_id, until);
