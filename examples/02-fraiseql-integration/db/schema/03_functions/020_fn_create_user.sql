CREATE FUNCTION fn_create_user(input JSONB) RETURNS mutation_result
LANGUAGE plpgsql AS $$
DECLARE
    new_id UUID;
BEGIN
    INSERT INTO tb_user (identifier, name, email)
    VALUES (input ->> 'identifier', input ->> 'name', input ->> 'email')
    RETURNING id INTO new_id;
    RETURN ROW('created', 'User created', (SELECT data FROM v_user WHERE id = new_id))::mutation_result;
EXCEPTION
    WHEN unique_violation THEN
        RETURN ROW('conflict', 'There is a user with this identifier or email', NULL)::mutation_result;
END
$$;
