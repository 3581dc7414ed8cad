CREATE TYPE pair AS (a bigint, c text);
