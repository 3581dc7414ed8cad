-- migrate:up

ALTER PUBLICATION all_of_them DROP TABLE ONLY public.vehicles;

CREATE PUBLICATION new_ones FOR TABLE public.child, ONLY public.parent WITH (
  publish = 'insert, update, delete, truncate'
);

CREATE PUBLICATION new_one FOR TABLE ONLY public.parent WITH (
  publish = 'insert, update, delete, truncate'
);

ALTER PUBLICATION one ADD TABLE ONLY public.parent;
