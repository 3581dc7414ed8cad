-- The type User of the API: one JSONB document for each row. The address of mails is not part of it.
CREATE VIEW v_user AS
SELECT
    id,
    identifier,
    jsonb_build_object('id', id, 'identifier', identifier, 'name', name) AS data
FROM tb_user;
