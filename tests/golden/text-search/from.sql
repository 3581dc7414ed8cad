CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple, accept = 'false', stopwords = 'english');
CREATE TEXT SEARCH CONFIGURATION search (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION search ADD MAPPING FOR asciiword, word WITH words;
ALTER TEXT SEARCH CONFIGURATION search ADD MAPPING FOR int WITH simple;
CREATE TABLE t (body text, found tsvector GENERATED ALWAYS AS (to_tsvector('search', body)) STORED);
