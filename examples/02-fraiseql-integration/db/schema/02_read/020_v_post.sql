-- The type Post, with its author inside.
CREATE VIEW v_post AS
SELECT
    post.id,
    post.identifier,
    post.created_at,
    jsonb_build_object(
        'id', post.id,
        'identifier', post.identifier,
        'title', post.title,
        'body', post.body,
        'author', author.data
    ) AS data
FROM tb_post AS post
JOIN tb_user AS writer ON writer.pk_user = post.fk_user
JOIN v_user AS author ON author.id = writer.id;
