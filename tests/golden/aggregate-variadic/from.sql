CREATE AGGREGATE joined (int[]) (SFUNC = array_cat, STYPE = int[]);
