import { Migration } from "confiture";

/** Adds a bio column to the users table, for user biographies. */
export default class AddUserBio extends Migration {
  version = "001";
  name = "add_user_bio";

  /** Applies the migration: adds the bio column. */
  up() {
    this.execute(`
      ALTER TABLE users
      ADD COLUMN bio TEXT
    `);
  }

  /** Takes it back: removes the bio column. */
  down() {
    this.execute(`
      ALTER TABLE users
      DROP COLUMN bio
    `);
  }
}
