-- migrate:up

CREATE TEXT SEARCH DICTIONARY public.stems (TEMPLATE = pg_catalog.snowball, language = 'german');

ALTER TEXT SEARCH CONFIGURATION public.search DROP MAPPING FOR "int";

ALTER TEXT SEARCH CONFIGURATION public.search ALTER MAPPING FOR asciiword WITH public.words, public.stems;

ALTER TEXT SEARCH CONFIGURATION public.search ADD MAPPING FOR email WITH public.words;

ALTER TEXT SEARCH DICTIONARY public.words (stopwords, accept = 'true');
