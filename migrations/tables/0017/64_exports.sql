-- Exports of timelines: several cases in one file, what of their timelines is wanted, and how far the reading is.
alter table exports
    add column also_case_ids uuid[] not null default '{}',
    add column timeline jsonb,
    add column place text,
    add column entries bigint not null default 0,
    drop constraint export_stage,
    add constraint export_stage check (stage in ('case', 'subjects', 'identifiers', 'facts', 'entries', 'end')),
    add constraint export_of_several_cases check (timeline is not null or also_case_ids = '{}');
