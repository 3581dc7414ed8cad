create table public.items (id bigint primary key, seen bytea, place point, weight bigint);
