create table public.bills (id bigint primary key, total numeric not null, parts numeric[], taxed money);
