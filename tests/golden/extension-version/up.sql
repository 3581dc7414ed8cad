-- migrate:up

ALTER EXTENSION hstore UPDATE TO '1.8';
