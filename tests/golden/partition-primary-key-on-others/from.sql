create table public.days (day date not null, note text) partition by range (day);
create table public.days_2025 partition of public.days for values from ('2025-01-01') to ('2026-01-01');
create table public.days_2026 partition of public.days for values from ('2026-01-01') to ('2027-01-01');
alter table only public.days add primary key (day);
alter table public.days_2025 add primary key (day);
alter index public.days_pkey attach partition public.days_2025_pkey;
