-- What a person may do beside its roles, such as to decide as a judge. Accounts that are there already have none.
alter table principals add column functions text[] not null default '{}',
    add constraint function_is_known check (functions <@ array['judge']),
    add constraint functions_of_prosecutors check (functions = '{}' or kind = 'person' and 'prosecutor' = any (roles));
