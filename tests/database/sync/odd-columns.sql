create type mood as enum ('sad', 'ok', 'happy');
create type address as (street text, "Post Code" int);
create domain positive as int check (value > 0);
create domain words as text[] not null check (array_length(value, 1) > 0);
create type span as range (subtype = float8);
create table "Odd Names" (
  "Id" int generated always as identity (start 7) primary key,
  "select" text unique,
  "Tab	and ""quote""" text default E'a\tb\\n',
  m mood, moods mood[], a address, addresses address[], p positive, w words default '{x}',
  s span, r int4range, mr int4multirange, b bytea, j json, jb jsonb, x xml, ts tsvector, u uuid, n numeric, f float8,
  t timestamptz, i interval, ip inet, pt point, bits varbit, money money, c "char", nm name,
  doubled int generated always as (p * 2) stored,
  dropped int
);
alter table "Odd Names" drop column dropped;
insert into "Odd Names" ("select", m, moods, a, addresses, p, w, s, r, mr, b, j, jb, x, ts, u, n, f, t, i, ip, pt, bits, money, c, nm)
select 'row ' || g, 'ok', '{sad,NULL,happy}', row('a "b" \c' || g, g)::address, array[row('x,y', 1)::address, null], g, array['a,b', 'c"d', null, E'\t\n'],
       span(0.1, 1e300), int4range(g, g + 1), '{[1,3),[5,7)}', decode('00ff5c0a' || lpad(to_hex(g), 8, '0'), 'hex'),
       '{"a": [1,  2], "a": "\u00e9"}', '{"b": null}', '<a>&amp;</a>', to_tsvector('simple', 'a fat cat'), md5(g::text)::uuid,
       case g % 3 when 0 then 'NaN' else g / 7.0 end, case g % 4 when 0 then '-Infinity' else 1.0 / g end,
       case g % 5 when 0 then 'infinity' else '2024-02-29 12:34:56.789+13'::timestamptz end, '1 mon -3 days 04:05:06.789', '10.0.0.0/8', '(1,2)',
       b'10101', '12.34', 'x', 'name'
  from generate_series(1, 500) g;
insert into "Odd Names" ("select", w) values (null, '{"\\."}'), ('\.', '{"\\\\."}'), ('\N', '{N}'), ('', '{""}'), (E'\r\n\x08\x0b\x0c', '{x}');

create table measured (at date not null, value int) partition by range (at);
create table measured_2024 partition of measured for values from ('2024-01-01') to ('2025-01-01');
create table measured_2025 partition of measured for values from ('2025-01-01') to ('2026-01-01') partition by hash (value);
create table measured_2025_0 partition of measured_2025 for values with (modulus 2, remainder 0);
-- Its columns are in another order than its parent's.
create table measured_2025_1 (value int, at date not null);
alter table measured_2025 attach partition measured_2025_1 for values with (modulus 2, remainder 1);
create index on measured (value);
insert into measured select '2024-06-01'::date + g, g from generate_series(0, 399) g;

create table animals (id serial primary key, name text);
create table dogs (barks bool) inherits (animals);
insert into animals (name) values ('cat');
insert into dogs (name, barks) values ('rex', true);

create table chickens (id int primary key, egg int not null);
create table eggs (id int primary key, chicken int not null references chickens deferrable initially deferred, parent int references eggs);
alter table chickens add foreign key (egg) references eggs deferrable initially deferred;
begin;
insert into chickens select g, g from generate_series(1, 50) g;
insert into eggs select g, g, nullif(g - 1, 0) from generate_series(1, 50) g;
commit;

create table nothing ();
insert into nothing default values;
insert into nothing default values;

create function forbid() returns trigger language plpgsql as $$ begin raise exception 'no writing here'; end $$;
create table logged (id bigint primary key, line text);
insert into logged select g, repeat('x', g % 100) from generate_series(1, 1000) g;
create trigger logged_stays before insert or update on logged for each row execute function forbid();
create rule logged_twice as on insert to logged do also insert into nothing default values;
create materialized view totals as select count(*) as rows, sum(length(line)) as letters from logged;
create view happy as select * from "Odd Names" where m = 'happy';

create sequence tickets increment 5 start 100;
select nextval('tickets'), nextval('tickets');
create sequence untouched start 42;

create table guarded (id int primary key, secret text);
alter table guarded enable row level security;
alter table guarded force row level security;
create policy own on guarded using (secret = current_user);
insert into guarded values (1, 'a'), (2, 'b');
comment on table guarded is 'kept ''from'' others';
create statistics logged_both (dependencies) on id, line from logged;

-- Nothing but statistics comes late here.
create table gauged (id int, n int, at date) partition by range (at);
create table gauged_all partition of gauged default;
create statistics gauged_part on id, n from gauged_all;
create statistics gauged_root (ndistinct) on id, n from gauged;
create table bare (id int, n int);
create statistics bare_both on id, n from bare;
comment on statistics bare_both is 'both';

create table elders (id int default 1, a text default 'a', b text, constraint positive check (id > 0));
create table heirs (b text, a text default 'other', id int, x text, constraint positive check (id > 0));
alter table heirs inherit elders;
insert into heirs values ('b', 'a', 1, 'x');
create table frugal (id int, y int) inherits (elders);
alter table only frugal alter a drop default, alter id drop default;
insert into frugal values (2, null, 'b', 3);
-- Its own column came before that of its parent.
create table founders (id int);
create table early (own int) inherits (founders);
alter table founders add column late int default 7;

create table squeezed (a int, b text compression pglz);
alter table squeezed alter b set storage external;
create table unsqueezed (c int) inherits (squeezed);
alter table unsqueezed alter b set compression default, alter b set storage extended;
