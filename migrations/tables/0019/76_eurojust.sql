-- A notification about a team names it. An exemption has a ground: Article 21(7) has no points, so the ground is a code of its own.
alter table eurojust_records
    drop constraint refusal_has_its_ground,
    add column team_id uuid references jits (id),
    add column team_step text constraint eurojust_team_step check (team_step in ('set_up', 'results'));
update eurojust_records
set ground = case article when '21(7)(a)' then 'national_security' else 'safety' end, article = '21(7)'
where kind = 'exemption';
alter table eurojust_records
    add constraint refusal_or_exemption_has_its_ground
        check ((kind = 'exemption' or answer is not distinct from 'declined') = (ground is not null)),
    add constraint team_with_its_step check ((team_id is null) = (team_step is null)),
    add constraint team_is_notified check (team_id is null or article = '21(4)');
