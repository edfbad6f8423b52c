-- The functions that write the journal take the authority from the signed context, or from tables that refer to it, and authorities are never
-- deleted. Looking it up again for each entry locked its row, so requests of one authority shared a lock until they were committed.
alter table journal_entries drop constraint journal_entries_authority_id_fkey;
