-- Figures that everybody with a role may read: tables of a period that has ended, written once. Every number is a multiple of 5; null stands for fewer
-- than 5. A number that could be used to find out one below 5 is left out.
create table published_periods (
    period text primary key,
    ends_at timestamptz not null,
    computed_at timestamptz not null
);

create table published_cells (
    period text not null references published_periods (period),
    name text not null,
    keys text[] not null,
    figure text not null,
    shown integer constraint shown_in_fives check (shown >= 5 and shown % 5 = 0),
    primary key (period, name, keys, figure)
);

-- How long requests usually took in the twelve months before the end of a period, where there are enough of enough authorities.
create table usual_times (
    period text not null references published_periods (period),
    of_group text not null constraint usual_group check (of_group in ('country_pair', 'executing_country', 'kind')),
    kind text not null,
    requesting_country text not null,
    executing_country text not null,
    median_hours real not null,
    p90_hours real not null,
    primary key (period, of_group, kind, requesting_country, executing_country)
);
