-- Search by text. Whatever makes or changes a thing, or changes who sees it, puts it on a list; the worker then writes its words for each
-- place, which is an authority or, where only a person has access, a person. A search reads the words of its caller's places alone, so
-- neither its result nor its time depends on what the caller may not see. What the caller sees now is checked again for each thing.

create function priv.note_for_search() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    execute format('insert into public.search_queue (object_id) select distinct f.%1$I from fresh f where f.%1$I is not null', tg_argv[0]);
    return null;
end $$;

create trigger made_for_search after insert on cases referencing new table as fresh
    for each statement execute function priv.note_for_search('id');
create trigger changed_for_search after update on cases referencing new table as fresh
    for each statement execute function priv.note_for_search('id');
create trigger made_for_search after insert on case_access referencing new table as fresh
    for each statement execute function priv.note_for_search('case_id');
create trigger changed_for_search after update on case_access referencing new table as fresh
    for each statement execute function priv.note_for_search('case_id');
create trigger made_for_search after insert on parties referencing new table as fresh
    for each statement execute function priv.note_for_search('object_id');
create trigger changed_for_search after update on parties referencing new table as fresh
    for each statement execute function priv.note_for_search('object_id');
create trigger changed_for_search after update on mla_requests referencing new table as fresh
    for each statement execute function priv.note_for_search('id');
create trigger made_for_search after insert on mla_measures referencing new table as fresh
    for each statement execute function priv.note_for_search('request_id');
create trigger changed_for_search after update on jits referencing new table as fresh
    for each statement execute function priv.note_for_search('id');
create trigger made_for_search after insert on jit_parties referencing new table as fresh
    for each statement execute function priv.note_for_search('jit_id');
create trigger changed_for_search after update on meetings referencing new table as fresh
    for each statement execute function priv.note_for_search('id');

-- The name of a handler changed, or the handler left: the words of the cases have to follow.
create function priv.note_handler_for_search() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.search_queue (object_id) select c.id from public.cases c where c.handler_id = new.id;
    return null;
end $$;

create trigger changed_for_search after update on principals for each row
    when (old.name is distinct from new.name or old.active is distinct from new.active) execute function priv.note_handler_for_search();

-- Return the fields of a case that a level of access shows, as `GET /cases` does: with index access the categories and the country of the
-- owner; of an open index also reference and title; to the desk of the State also state and handler. The name of the handler is for the
-- handler's own authority and that desk, but not for analysts; that of one who has left is not searched.
create function priv.searched_fields(p_level integer, p_open boolean, p_desk boolean, p_own boolean, p_analyst boolean) returns text[]
language sql immutable return (
    array ['category', 'country']
        || case when p_level >= 2 or p_open or p_desk then array ['reference', 'title'] else '{}' end
        || case when p_level >= 2 or p_desk then array ['state'] else '{}' end
        || case when p_level >= 2 then array ['operation', 'further_country', 'type'] else '{}' end
        || case when (p_desk or p_own and p_level >= 2) and not p_analyst then array ['handler'] else '{}' end);

-- Let one transaction at a time write words, even if several workers run. Return false if another one is at work.
create function priv.take_turn_of_search() returns boolean language plpgsql volatile as $$
begin
    perform priv.require_worker();
    return pg_try_advisory_xact_lock(hashtextextended('coopapi.search', 0));
end $$;

-- Return the things of the next entries of the list, at most p_most of these.
create function priv.next_things(p_most integer) returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    perform priv.require_worker();
    return array (
        select distinct t.object_id::text
        from (select q.object_id from public.search_queue q where not PUT_OFF(words, q.object_id) order by q.n limit p_most) t);
end $$;

-- Return things on the list with their entries, each with the places that see it, the fields that each may search, and
-- what is in the fields. Only the worker calls this, in one transaction at a time: if another one is at work, nothing is returned.
create function priv.to_index(p_things uuid[]) returns table (object_id uuid, entries bigint[], places jsonb, said jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
#variable_conflict use_column
begin
    if not priv.take_turn_of_search() then
        return;
    end if;
    return query
    with thing as materialized (
        select q.object_id, array_agg(q.n) as entries from public.search_queue q where q.object_id = any (p_things) group by 1)
    select t.object_id, t.entries, coalesce(c.places, p.places, '[]'), coalesce(c.said, r.said, j.said, m.said, '{}')
    from thing t
    left join lateral (
        select jsonb_build_object(
                   'reference', array [c.reference], 'title', array [c.title], 'operation', array [c.operation_name],
                   'handler', array (select h.name from public.principals h where h.id = c.handler_id and h.active),
                   'state', array [c.state], 'category', c.crime_categories, 'type', array [c.case_type],
                   'country', array [o.country], 'further_country', c.countries) as said,
               (select jsonb_agg(jsonb_build_object('place', g.place, 'fields', priv.searched_fields(
                           g.level, c.visibility = 'open_index', g.desk, g.own, false)))
                from (select coalesce(x.principal_id, x.authority_id) as place, max(x.level) as level,
                             bool_or(x.authority_id = c.authority_id) as own,
                             bool_or(c.visibility <> 'hidden' and c.desk = 'index' and a.type = 'eurojust_desk' and a.country = o.country) as desk
                      from public.case_access x join public.authorities a on a.id = x.authority_id
                      where x.case_id = c.id and x.withdrawn_at is null and (x.until is null or x.until > (select priv.at()))
                      group by 1) g) as places
        from public.cases c join public.authorities o on o.id = c.authority_id where c.id = t.object_id) c on true
    left join lateral (
        select jsonb_agg(jsonb_build_object('place', p.authority_id)) as places
        from (select distinct x.authority_id from public.parties x
              where x.object_id = t.object_id and (x.until is null or x.until > (select priv.at()))) p) p on c.said is null
    left join lateral (
        select jsonb_build_object(
                   'reference', array [r.reference, r.foreign_reference], 'state', array [r.state], 'type', array [r.kind, r.urgency, r.instrument],
                   'category', array (select x.code from public.mla_measures x where x.request_id = r.id),
                   'country', array [k.country, r.executing_country]) as said
        from public.mla_requests r join public.authorities k on k.id = r.requesting_id where r.id = t.object_id) r on true
    left join lateral (
        select jsonb_build_object(
                   'reference', array [j.reference], 'operation', array [j.operation_name], 'state', array [j.state],
                   'type', array [j.legal_basis],
                   'country', array (select x.country from public.jit_parties x where x.jit_id = j.id and x.state = 'party')) as said
        from public.jits j where j.id = t.object_id) j on true
    left join lateral (
        select jsonb_build_object('reference', array [m.reference], 'state', array [m.state], 'type', array [m.level],
                   'country', m.countries) as said
        from public.meetings m where m.id = t.object_id) m on true;
end $$;

-- Return the groups of three letters in a word, with two places before it and one behind it.
create function priv.grams(p_word text) returns text[] language sql immutable return array (
    select distinct substr('  ' || p_word || ' ', n, 3) from generate_series(1, length(p_word) + 1) n);

-- Tell whether a word can have a typing error: another number is another thing, and short words resemble too many.
create function priv.can_be_misspelt(p_word text) returns boolean language sql immutable return p_word ~ '^[a-z]{4,}$';

-- Write the words of things for each place in place of those that they had, remove the groups of letters of words that no thing of the place has
-- any more, and have the saved searches of those for whom the words of a thing changed compared with it, unless they found it before. p_entries are
-- the entries of the things on the list. p_of and p_places name each thing with each of its places, and are parallel; so are the last three: each
-- word with its field, and the number, from 1, of its thing and place among these. Only the worker calls this, after priv.to_index in the same
-- transaction.
create function priv.index_things(p_things uuid[], p_entries bigint[], p_of uuid[], p_places uuid[], p_numbers integer[], p_fields text[],
                                  p_words text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    gone record;
    changed record;
begin
    perform priv.require_worker();
    with was as (
        select w.place, w.object_id, w.field, w.word from public.search_words w where w.object_id = any (p_things)),
    will as (
        select p_places[w.number], p_of[w.number], w.field, w.word from unnest(p_numbers, p_fields, p_words) w (number, field, word))
    select array_agg(d.place) as places, array_agg(d.object_id) as things into changed
        from (select distinct x.place, x.object_id from (
            (table was except table will) union all (table will except table was)) x (place, object_id, field, word)) d;
    with deleted as (
        delete from public.search_words w where w.object_id = any (p_things) returning w.place, w.word)
    select array_agg(d.place) as places, array_agg(d.word) as words into gone
        from (select distinct x.place, x.word from deleted x where priv.can_be_misspelt(x.word)) d;
    delete from public.search_places s where s.object_id = any (p_things) and not exists (
        select from unnest(p_of, p_places) p (thing, place) where p.thing = s.object_id and p.place = s.place);
    insert into public.search_places (place, object_id, since)
        select p.place, p.thing, (select priv.at()) from unnest(p_of, p_places) p (thing, place) on conflict do nothing;
    with written as (
        insert into public.search_words (place, word, object_id, field)
            select distinct p_places[w.number], w.word, p_of[w.number], w.field
            from unnest(p_numbers, p_fields, p_words) w (number, field, word) order by 1, 2, 3
            returning place, word)
    insert into public.search_grams (place, gram, word)
        select distinct x.place, g.gram, x.word
        from (select distinct w.place, w.word from written w where priv.can_be_misspelt(w.word)) x cross join unnest(priv.grams(x.word)) g (gram)
        where not exists (select from public.search_grams k where k.place = x.place and k.gram = substr('  ' || x.word, 1, 3) and k.word = x.word offset 0)
        on conflict do nothing;
    delete from public.search_grams k
        using unnest(gone.places, gone.words) d (place, word) cross join unnest(priv.grams(d.word)) g (gram)
        where k.place = d.place and k.gram = g.gram and k.word = d.word
          and not exists (select from public.search_words w where w.place = d.place and w.word = d.word);
    insert into public.saved_search_checks (search_id, object_id)
        select s.id, k.object_id from unnest(changed.places, changed.things) k (place, object_id)
        join public.saved_searches s on k.place in (s.authority_id, s.principal_id)
        where s.active
          and not exists (select from public.saved_search_finds f where f.search_id = s.id and f.object_id = k.object_id)
        on conflict do nothing;
    delete from public.search_queue q where q.n = any (p_entries);
end $$;

-- Return the words of the caller's places that share groups of three letters with each of some words, those that share most of them first: at
-- most 500 for each. The application chooses those that differ by typing errors.
create function priv.similar_words(p_words text[]) returns table (asked text, word text)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select u.word, s.word
    from unnest(p_words) u (word) cross join lateral (
        select g.word, count(*) as shared
        from unnest(array [(select priv.authority()), (select priv.principal())]) p (place)
        join public.search_grams g on g.place = p.place and g.gram = any (priv.grams(u.word))
        where g.word <> u.word group by p.place, g.word having count(*) > 1
        order by count(*)::real / (length(u.word) + length(g.word) + 2 - count(*)) desc, g.word limit 500) s
    where priv.can_be_misspelt(u.word);
end $$;

-- Return things of the caller's places with a word: at most p_most, the newest first among those with the word itself.
create function priv.things_with(p_word text, p_codes text[], p_similar text[], p_most integer) returns setof uuid
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
    return query
    select distinct f.object_id
    from unnest(array [(select priv.authority()), (select priv.principal())]) p (place) cross join lateral (
        (select w.object_id from public.search_words w where w.place = p.place and w.word = p_word order by w.object_id desc limit p_most)
        union all
        (select w.object_id from public.search_words w
         where w.place = p.place and w.word > p_word and w.word < p_word || '~' and length(p_word) > 1 limit p_most)
        union all
        (select w.object_id from unnest(p_codes || p_similar) x (word) cross join lateral (
             select v.object_id from public.search_words v where v.place = p.place and v.word = x.word order by v.object_id desc limit p_most) w
         limit p_most)) f
    limit p_most;
end $$;

-- Return those of some things that the caller sees now, with kind, the fields that it may search, and what the filters ask for: the state and
-- the countries, as far as the caller sees them.
create function priv.searchable(p_objects uuid[])
returns table (object_id uuid, kind text, fields text[], state text, countries text[])
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select (c.shown).id, 'case', s.fields, case when 'state' = any (s.fields) then (c.shown).state end,
           c.country || case when 'further_country' = any (s.fields) then (c.shown).countries else '{}' end
    from priv.shown_cases(p_objects) c
    cross join lateral (select priv.searched_fields(c.level, (c.shown).visibility = 'open_index', c.for_desk,
        (c.shown).authority_id = (select priv.authority()), (select priv.role()) = 'analyst') as fields) s
    union all
    select r.id, 'request', array ['reference', 'state', 'type', 'category', 'country'], r.state, array [k.country, r.executing_country]
    from public.mla_requests r join public.authorities k on k.id = r.requesting_id where r.id = any (p_objects)
    union all
    select j.id, 'jit', array ['reference', 'operation', 'state', 'type', 'country'],
           case when j.state = 'active' and j.until <= (select priv.at()) then 'ended' else j.state end,
           array (select x.country from public.jit_parties x where x.jit_id = j.id and x.state = 'party')
    from public.jits j where j.id = any (p_objects)
    union all
    select m.id, 'meeting', array ['reference', 'state', 'type', 'country'], m.state, m.countries
    from public.meetings m where m.id = any (p_objects);
end $$;

-- Find things by words, each of which must occur in one of their fields: as it is, as the beginning of a word, as the label of a code, or
-- with a typing error (p_codes and p_similar have a list for each word). The best come first, then the newest. p_wanted has the `kinds` and may have `state` and
-- `country`. At most a thousand things with the rarest of the words are looked at; `complete` is false if there are more. p_only leaves other
-- things out. This runs with the rights of the caller.
create function priv.search(p_words text[], p_codes jsonb, p_similar jsonb, p_wanted jsonb, p_score integer, p_id uuid, p_most integer, p_only uuid[])
returns table (object_id uuid, kind text, state text, countries text[], score integer, fields text[], complete boolean)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    places uuid[] := array [priv.authority(), priv.principal()];
    found uuid[];
    rarest uuid[] := p_only;
begin
    for n in 1 .. cardinality(p_words) loop
        exit when p_only is not null;
        found := array (select priv.things_with(p_words[n], array (select jsonb_array_elements_text(p_codes -> n - 1)),
                                                array (select jsonb_array_elements_text(p_similar -> n - 1)), 1001));
        rarest := case when rarest is null or cardinality(found) < cardinality(rarest) then found else rarest end;
    end loop;
    return query
    with asked as materialized (
        select u.n, u.word, array (select jsonb_array_elements_text(p_codes -> u.n::integer - 1)) as codes,
               array (select jsonb_array_elements_text(p_similar -> u.n::integer - 1)) as similar
        from unnest(p_words) with ordinality u (word, n)),
    hit as materialized (
        select w.object_id, w.field, a.n,
               case w.field when 'reference' then 8 when 'operation' then 6 when 'title' then 5 when 'handler' then 4 else 2 end
               * case when w.word = a.word then 10 when length(a.word) > 1 and starts_with(w.word, a.word) then 7
                      when w.word = any (a.codes) then 6 else 3 end as worth
        from public.search_words w join asked a on w.word = a.word or length(a.word) > 1 and starts_with(w.word, a.word)
            or w.word = any (a.codes) or w.word = any (a.similar)
        where w.object_id = any (rarest) and w.place = any (places)),
    best as (
        select h.object_id, s.kind, s.state, s.countries, h.n, max(h.worth) as worth, array_agg(h.field) as fields
        from hit h join priv.searchable(rarest) s on s.object_id = h.object_id and h.field = any (s.fields)
        where p_wanted -> 'kinds' ? s.kind and (p_wanted ->> 'state' is null or s.state = p_wanted ->> 'state')
          and (p_wanted ->> 'country' is null or p_wanted ->> 'country' = any (s.countries))
        group by 1, 2, 3, 4, 5),
    ranked as (
        select b.object_id, b.kind, b.state, b.countries, sum(b.worth)::integer as score,
               array (select distinct f from unnest(array_agg(to_jsonb(b.fields))) x, jsonb_array_elements_text(x) f order by f) as fields
        from best b group by 1, 2, 3, 4 having count(*) = cardinality(p_words))
    select r.object_id, r.kind, r.state, r.countries, r.score, r.fields, e.complete
    from (select p_only is not null or cardinality(rarest) <= 1000 as complete) e
    left join (
        select * from ranked x where p_score is null or (x.score, x.object_id) < (p_score, p_id)
        order by x.score desc, x.object_id desc limit p_most) r on true
    order by r.score desc, r.object_id desc;
end $$;

grant execute on function priv.searched_fields(integer, boolean, boolean, boolean, boolean), priv.next_things(integer), priv.to_index(uuid[]), priv.grams(text),
    priv.can_be_misspelt(text), priv.index_things(uuid[], bigint[], uuid[], uuid[], integer[], text[], text[]), priv.similar_words(text[]), priv.things_with(text, text[], text[], integer),
    priv.searchable(uuid[]), priv.search(text[], jsonb, jsonb, jsonb, integer, uuid, integer, uuid[]) to APP_ROLE;

grant select, insert, delete on search_places to coopapi_definer;
grant select, insert, delete on search_queue to coopapi_definer;

grant select on search_words to APP_ROLE;
grant select, insert, delete on search_words to coopapi_definer;
create policy seen on search_words for select using (place in ((select priv.authority()), (select priv.principal())));

grant select on search_grams to APP_ROLE;
grant select, insert, delete on search_grams to coopapi_definer;
create policy seen on search_grams for select using (place in ((select priv.authority()), (select priv.principal())));
