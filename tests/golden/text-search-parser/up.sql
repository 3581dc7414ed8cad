-- migrate:up

CREATE TEXT SEARCH PARSER public.words (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);

CREATE TEXT SEARCH TEMPLATE public.plain (INIT = dsimple_init, LEXIZE = dsimple_lexize);

CREATE TEXT SEARCH DICTIONARY public.own (TEMPLATE = public.plain);

CREATE TEXT SEARCH CONFIGURATION public.search (PARSER = public.words);

ALTER TEXT SEARCH CONFIGURATION public.search ADD MAPPING FOR word WITH public.own;
