create table public.bills (id bigint primary key, total money not null, parts money[], taxed numeric(12, 4));
