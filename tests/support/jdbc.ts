import { existsSync } from "node:fs";

/** Where Debian's package libpostgresql-jdbc-java has the driver. */
const DRIVER = "/usr/share/java/postgresql.jar";

/** Runs a program from its source, which takes a JDK; undefined where there is none, or no driver. */
export function javaWithDriver(): readonly string[] | undefined {
  if (Bun.which("java") !== null && Bun.which("javac") !== null && existsSync(DRIVER)) return ["java", "-cp", DRIVER];
  console.warn(
    "no JDK, or no JDBC driver: its test is left out (Debian: default-jdk-headless libpostgresql-jdbc-java)",
  );
  return undefined;
}

/** What applications do: batches, statements that the driver prepares, a result that is read in parts, an error, a catalogue. */
export const JDBC_CLIENT = String.raw`
import java.sql.*;
import java.util.*;

class Client {
  public static void main(String[] args) throws Exception {
    try (Connection one = DriverManager.getConnection(args[0]); Connection two = DriverManager.getConnection(args[0])) {
      one.setAutoCommit(false);
      try (Statement statement = one.createStatement()) {
        statement.execute("CREATE TABLE beans (id int PRIMARY KEY, name text, tags text[], at timestamptz)");
      }
      try (PreparedStatement insert = one.prepareStatement("INSERT INTO beans VALUES (?, ?, ?, ?)")) {
        for (int id = 1; id <= 10; id++) {
          insert.setInt(1, id);
          insert.setString(2, id == 2 ? null : "bean " + id);
          insert.setArray(3, one.createArrayOf("text", new String[] {"a", "b"}));
          insert.setObject(4, java.time.OffsetDateTime.parse("2026-01-02T03:04:05Z"));
          insert.addBatch();
        }
        System.out.println(insert.executeBatch().length);
      }
      one.commit();
      // From the fifth time on the driver prepares it on the server, under a name.
      try (PreparedStatement select = two.prepareStatement("SELECT name, tags, at FROM beans WHERE id = ?")) {
        for (int id = 1; id <= 7; id++) {
          select.setInt(1, id);
          try (ResultSet rows = select.executeQuery()) {
            rows.next();
            if (id == 2 || id == 7) {
              String tags = Arrays.toString((String[]) rows.getArray(2).getArray());
              System.out.println(rows.getString(1) + " " + tags + " " + rows.getObject(3, java.time.OffsetDateTime.class));
            }
          }
        }
      }
      // With a fetch size, in a transaction: a portal that is read in parts.
      try (Statement statement = one.createStatement()) {
        statement.setFetchSize(3);
        int sum = 0;
        try (ResultSet rows = statement.executeQuery("SELECT id FROM beans ORDER BY id")) {
          while (rows.next()) sum += rows.getInt(1);
        }
        System.out.println(sum);
        one.commit();
      }
      try (Statement statement = one.createStatement()) {
        statement.execute("INSERT INTO beans (id) VALUES (1)");
      } catch (SQLException error) {
        System.out.println(error.getSQLState());
        one.rollback();
      }
      try (ResultSet tables = two.getMetaData().getColumns(null, "public", "beans", "%")) {
        while (tables.next()) System.out.print(tables.getString("COLUMN_NAME") + " " + tables.getString("TYPE_NAME") + ";");
        System.out.println();
      }
    }
  }
}
`;

export const JDBC_OUTPUT = `10
null [a, b] 2026-01-02T03:04:05Z
bean 7 [a, b] 2026-01-02T03:04:05Z
55
23505
id int4;name text;tags _text;at timestamptz;
`;
