create table public.items (id integer primary key, seen boolean, place text, weight integer);
