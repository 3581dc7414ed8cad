CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple, accept = 'true');
CREATE TEXT SEARCH DICTIONARY stems (TEMPLATE = snowball, language = 'german');
CREATE TEXT SEARCH CONFIGURATION search (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION search ADD MAPPING FOR asciiword WITH words, stems;
ALTER TEXT SEARCH CONFIGURATION search ADD MAPPING FOR word, email WITH words;
CREATE TABLE t (body text, found tsvector GENERATED ALWAYS AS (to_tsvector('search', body)) STORED);
