-- What an authority records of its duties towards Eurojust in a case: that it told its national member, that it need not, and the written
-- opinions of Eurojust with the answer to them. There are only codes, dates and references; no text about the case.
create table eurojust_records (
    id uuid primary key,
    version integer not null,
    case_id uuid not null references cases (id),
    authority_id uuid not null references authorities (id),
    kind text not null constraint eurojust_record_kind check (kind in ('notification', 'exemption', 'opinion')),
    article text not null,
    recorded_on date not null,
    reference text,
    answer text constraint eurojust_record_answer check (answer in ('followed', 'declined')),
    ground text,
    answered_on date,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    constraint only_opinions_are_answered check (answer is null or kind = 'opinion'),
    constraint answer_has_its_day check ((answer is null) = (answered_on is null)),
    constraint refusal_has_its_ground check ((answer is not distinct from 'declined') = (ground is not null))
);
create index eurojust_records_by_case on eurojust_records (case_id, id);
