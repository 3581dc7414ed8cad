-- migrate:up

ALTER TYPE public.state ADD VALUE 'done' AFTER 'open';
