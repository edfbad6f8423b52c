-- Pieces of the worker's work that failed when they were tried by themselves. They stay in their own tables as well.
create table put_off (
    -- The kind of work, and what names the piece in it: an id, or two with a space between them, or a period; empty for the work as a whole.
    kind text not null,
    piece text not null,
    tried integer not null,
    since timestamptz not null,
    -- When it is tried again.
    until timestamptz not null,
    primary key (kind, piece)
);
