-- migrate:down

ALTER TYPE public.state ADD VALUE 'old' BEFORE 'paid';
