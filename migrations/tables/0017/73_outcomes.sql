-- When a case ended. It was not recorded before; the last change of the case comes closest.
alter table cases add column ended_at timestamptz;
update cases set ended_at = updated_at where state in ('closed', 'transferred', 'withdrawn');

-- How far the proceedings of a case came: investigated, prosecuted, adjudicated, with the day, the result and the kind of procedure. There are
-- only codes and dates, no text about the case.
create table case_proceedings (
    id uuid primary key,
    version integer not null,
    case_id uuid not null references cases (id),
    authority_id uuid not null references authorities (id),
    stage text not null constraint proceedings_stage check (stage in ('investigated', 'prosecuted', 'adjudicated')),
    result text not null,
    procedure text,
    reached_on date not null,
    created_by uuid not null references principals (id),
    created_at timestamptz not null
);
create index proceedings_by_case on case_proceedings (case_id, id);
