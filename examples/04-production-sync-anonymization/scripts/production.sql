INSERT INTO customers (email, first_name, last_name, phone, born, plan, preferences)
SELECT format('customer%s@mail.test', n), (ARRAY['Wilhelmina', 'Ebenezer', 'Philippa'])[1 + n % 3],
       (ARRAY['Featherstone', 'Quillfeather', 'Underhill'])[1 + n % 3], format('+44 20 7946 %s', lpad(n::text, 4, '0')),
       DATE '1960-03-14' + n, CASE n % 4 WHEN 0 THEN 'paid' ELSE 'free' END,
       jsonb_build_object('newsletter', n % 2 = 0, 'contact', jsonb_build_object('email', format('customer%s@mail.test', n)))
FROM generate_series(1, 500) n;

INSERT INTO orders (customer_id, invoice_email, delivery_note, total, ordered_at)
SELECT 1 + n % 500, format('customer%s@mail.test', 1 + n % 500), 'Leave it with Mrs Underhill at number 7', n % 90 + 9.99,
       TIMESTAMPTZ '2026-01-01 08:00+00' + n * INTERVAL '1 hour'
FROM generate_series(1, 2000) n;

INSERT INTO payments (order_id, iban, paid_at)
SELECT n, format('GB%sTEST%s', lpad((n % 90 + 10)::text, 2, '0'), lpad(n::text, 14, '0')), TIMESTAMPTZ '2026-02-01 08:00+00'
FROM generate_series(1, 2000) n;

INSERT INTO login_attempts (email, address) VALUES ('customer1@mail.test', '203.0.113.7');
