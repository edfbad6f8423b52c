-- What can be found by text. The worker writes the words of a thing for every authority, or single person, that may see it: the place. Only
-- fields without personal data that the place may see have words, so a search reads nothing but what its caller may know of.
create table search_places (
    place uuid not null,
    object_id uuid not null,
    since timestamptz not null,
    primary key (place, object_id)
);
create index search_places_by_object on search_places (object_id);

create table search_words (
    place uuid not null,
    word text collate "C" not null,
    object_id uuid not null,
    field text not null,
    primary key (place, word, object_id, field)
);
create index search_words_by_object on search_words (object_id, place);

-- The words of a place by the groups of three letters in them, for words with typing errors. A word stays here as long as a thing has it.
create table search_grams (
    place uuid not null,
    gram text collate "C" not null,
    word text collate "C" not null,
    primary key (place, gram, word)
);

-- Things that were made or changed, or of which somebody sees more or less, since their words were written.
create table search_queue (
    n bigint generated always as identity primary key,
    object_id uuid not null
);
insert into search_queue (object_id)
    select id from cases union all select id from mla_requests union all select id from jits union all select id from meetings;

-- A search by text that somebody keeps. Name and text are sealed.
create table saved_searches (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null,
    principal_id uuid not null,
    role text not null,
    sealed bytea not null,
    filters jsonb not null,
    active boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint saved_search_owner foreign key (principal_id, authority_id) references principals (id, authority_id)
);
create index saved_searches_by_owner on saved_searches (principal_id, id);
create index saved_searches_by_authority on saved_searches (authority_id) where active;

-- Things that became visible for the owner of a saved search and that the worker has to compare with it.
create table saved_search_checks (
    search_id uuid not null references saved_searches (id),
    object_id uuid not null,
    n bigint generated always as identity,
    primary key (search_id, object_id)
);

-- What a saved search found. Each thing is told once.
create table saved_search_finds (
    search_id uuid not null references saved_searches (id),
    object_id uuid not null,
    kind text not null,
    at timestamptz not null,
    primary key (search_id, object_id)
);

-- The cases whose words have to follow when the name of their handler changes.
create index cases_by_handler on cases (handler_id) where handler_id is not null;
