create table public.log (id integer, kind text, day timestamptz, value bigint, primary key (id, kind)) partition by list (kind);
create table public.log_1 partition of public.log for values in ('a') partition by range (id);
create table public.log_1_5 partition of public.log_1 for values from (0) to (5);
create index log_day on public.log (day);
create view public.days as select day from public.log_1;
create policy recent on public.log_1_5 using (day > '2020-01-01');
alter table public.log_1_5 enable row level security;
alter table public.log_1_5 alter value set default 3;
