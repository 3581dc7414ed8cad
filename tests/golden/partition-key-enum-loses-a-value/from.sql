create type public.state as enum ('new', 'old', 'paid');
create table public.bills (state public.state, amount integer) partition by list (state);
create table public.bills_paid partition of public.bills for values in ('paid');
create table public.bills_rest partition of public.bills default;
