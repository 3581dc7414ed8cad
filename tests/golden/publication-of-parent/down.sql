-- migrate:down

DROP PUBLICATION new_ones;

DROP PUBLICATION new_one;

ALTER PUBLICATION one DROP TABLE ONLY public.parent;

-- SECURITY: subscribers of all_of_them get rows that they did not get before.
ALTER PUBLICATION all_of_them ADD TABLE ONLY public.vehicles;
