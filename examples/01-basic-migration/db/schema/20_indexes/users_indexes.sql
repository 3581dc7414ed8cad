-- Email index for fast lookups
CREATE INDEX IF NOT EXISTS idx_users_email ON users(email);

-- Created date index for sorting
CREATE INDEX IF NOT EXISTS idx_users_created_at ON users(created_at DESC);
