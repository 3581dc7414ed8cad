create table public.parent (id integer, name text not null, length integer generated always as (length(name)) stored);
create table public.child (noted date) inherits (public.parent);
create table public.grandchild (more text) inherits (public.child);
create index grandchild_name on public.grandchild (name);
create view public.names as select name from public.grandchild;
alter table public.grandchild enable row level security;
create policy named on public.grandchild using (name = 'q');
create trigger renamed before update of name on public.child for each row execute function suppress_redundant_updates_trigger();
