-- migrate:up

ALTER PUBLICATION all_of_them DROP TABLE ONLY public.vehicles;

CREATE PUBLICATION new_ones FOR TABLE public.child, ONLY public.parent;

CREATE PUBLICATION new_one FOR TABLE ONLY public.parent;

ALTER PUBLICATION one ADD TABLE ONLY public.parent;
