-- The access rules that policies share. When the rules are applied, each use of GRANTED(case, level), ANSWERING(case), PARTY(thing) or
-- ACTING(thing) is replaced by the text of the template below. Apart from these, only APP_ROLE is replaced, by the name of the role with which the
-- application connects.

-- template ACTING(thing): the caller's authority acts in the shared thing, and the caller has contribute access to the case it acts for.
exists (select from public.parties p where p.object_id = {thing} and p.acting and p.authority_id = (select priv.authority())
    and (p.case_id is null or GRANTED(p.case_id, 3)))

-- template PARTY(thing): the caller's authority takes part in the shared thing. The policies of the table parties apply to this query too.
exists (select from public.parties p where p.object_id = {thing})

-- template GRANTED(case, level): the caller's authority, or the caller, has access to the case at this level or above at this time. Because
-- of "offset 0" it is evaluated for each row by an index; otherwise PostgreSQL would read every grant of the authority for each page.
exists (select from public.case_access g where g.case_id = {case}
    and g.authority_id = (select priv.authority()) and g.level >= {level}
    and (g.principal_id is null or g.principal_id = (select priv.principal()))
    and g.withdrawn_at is null and (g.since is null or g.since <= (select priv.at())) and (g.until is null or g.until > (select priv.at())) offset 0)

-- template ANSWERING(case): the caller's authority answers for the case: it owns the case, or it is responsible for it and has accepted that.
exists (select from public.case_access g where g.case_id = {case}
    and g.authority_id = (select priv.authority()) and (g.level = 4 or g.level = 3 and g.kind = 'responsible')
    and (g.principal_id is null or g.principal_id = (select priv.principal()))
    and g.withdrawn_at is null and (g.since is null or g.since <= (select priv.at())) and (g.until is null or g.until > (select priv.at())) offset 0)
