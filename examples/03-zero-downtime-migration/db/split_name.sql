-- How values go from users.full_name to the columns that take its place, and back.

-- confiture:forward
-- Everything behind the first space is the last name, so that the two together are the full name again, whatever it is.
UPDATE users
   SET first_name = split_part(full_name, ' ', 1),
       last_name = CASE WHEN strpos(full_name, ' ') > 0 THEN substr(full_name, strpos(full_name, ' ') + 1) END;

-- confiture:backward
UPDATE users SET full_name = first_name || coalesce(' ' || last_name, '');
