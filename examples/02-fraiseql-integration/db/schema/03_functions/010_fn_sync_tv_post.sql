-- Brings the documents of a user's posts up to date. Functions of the write side call it.
CREATE FUNCTION fn_sync_tv_post(user_key BIGINT) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO tv_post (id, identifier, created_at, data)
    SELECT v_post.id, v_post.identifier, v_post.created_at, v_post.data
    FROM v_post
    JOIN tb_post USING (id)
    WHERE tb_post.fk_user = user_key
    ON CONFLICT (id) DO UPDATE
    SET identifier = excluded.identifier, data = excluded.data;
END;
