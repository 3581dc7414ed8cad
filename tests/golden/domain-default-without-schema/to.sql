create schema app;
set search_path = app;
create type mood as enum ('sad', 'ok');
create domain feeling as mood default 'ok';
create table people (id integer primary key, feeling feeling);
