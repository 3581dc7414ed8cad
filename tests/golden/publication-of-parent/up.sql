-- migrate:up

ALTER PUBLICATION all_of_them DROP TABLE ONLY public.vehicles;

-- SECURITY: subscribers of new_ones get rows that they did not get before.
CREATE PUBLICATION new_ones FOR TABLE public.child, ONLY public.parent;

-- SECURITY: subscribers of new_one get rows that they did not get before.
CREATE PUBLICATION new_one FOR TABLE ONLY public.parent;

-- SECURITY: subscribers of one get rows that they did not get before.
ALTER PUBLICATION one ADD TABLE ONLY public.parent;
