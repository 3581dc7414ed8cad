-- migrate:down

DROP PUBLICATION new_ones;

DROP PUBLICATION new_one;

ALTER PUBLICATION one DROP TABLE ONLY public.parent;

ALTER PUBLICATION all_of_them ADD TABLE ONLY public.vehicles;
