-- migrate:down

ALTER TEXT SEARCH CONFIGURATION public.search DROP MAPPING FOR email;

ALTER TEXT SEARCH CONFIGURATION public.search ALTER MAPPING FOR asciiword WITH public.words;

ALTER TEXT SEARCH CONFIGURATION public.search ADD MAPPING FOR "int" WITH simple;

DROP TEXT SEARCH DICTIONARY public.stems;

ALTER TEXT SEARCH DICTIONARY public.words (accept = 'false', stopwords = 'english');
