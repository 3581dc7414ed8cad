CREATE FUNCTION fn_create_post(input JSONB) RETURNS mutation_result
LANGUAGE plpgsql AS $$
DECLARE
    user_key BIGINT;
    new_id UUID;
BEGIN
    SELECT pk_user INTO user_key FROM tb_user WHERE identifier = input ->> 'author';
    IF user_key IS NULL THEN
        RETURN ROW('not_found', 'There is no such author', NULL)::mutation_result;
    END IF;
    INSERT INTO tb_post (identifier, fk_user, title, body)
    VALUES (input ->> 'identifier', user_key, input ->> 'title', input ->> 'body')
    RETURNING id INTO new_id;
    PERFORM fn_sync_tv_post(user_key);
    RETURN ROW('created', 'Post created', (SELECT data FROM tv_post WHERE id = new_id))::mutation_result;
END
$$;
