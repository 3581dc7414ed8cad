INSERT INTO users (email, full_name)
SELECT 'user' || i || '@example.com',
       (ARRAY['Ada Lovelace', 'Plato', 'Ludwig van Beethoven', 'Grace  Hopper', ' Anonymous', 'José Ortega y Gasset'])[1 + i % 6]
  FROM generate_series(1, 100000) AS i;
