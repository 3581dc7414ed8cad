CREATE AGGREGATE joined (VARIADIC int[]) (SFUNC = array_cat, STYPE = int[]);
