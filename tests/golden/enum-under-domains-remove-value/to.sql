create type public.mood as enum ('sad', 'ok');
create domain public.feeling as public.mood default 'ok' not null;
create domain public.known_feeling as public.feeling constraint not_sad check (value::public.mood <> 'sad');
create domain public.unused as public.known_feeling;
create table public.people (
  id integer primary key,
  mood public.mood default 'ok',
  feeling public.feeling,
  known public.known_feeling default 'ok',
  all_of_them public.feeling[] default '{ok}'
);
create index people_known on public.people (known);
create view public.feelings as select known, feeling from public.people;
