CREATE TABLE "Odd ""one" ("a.b" int, "select" text DEFAULT 'it''s');
CREATE INDEX "I x" ON "Odd ""one" ("select");
