-- migrate:down

DROP TEXT SEARCH CONFIGURATION "public"."search";

DROP TEXT SEARCH DICTIONARY "public"."own";

DROP TEXT SEARCH PARSER "public"."words";

DROP TEXT SEARCH TEMPLATE "public"."plain";
