CREATE TABLE "Odd ""one" ("a.b" int);
