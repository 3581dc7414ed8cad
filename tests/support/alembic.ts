/** An application of SQLAlchemy's whose migrations Alembic writes out of its models and runs: Python files by path. */
export const ALEMBIC_APPLICATION: Readonly<Record<string, string>> = {
  "migrations/env.py": `from alembic import context
from sqlalchemy import create_engine
import app

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    # Other tests have tables of their own there.
    own = lambda name, kind, parents: kind != "table" or name in app.Base.metadata.tables
    context.configure(connection=connection, target_metadata=app.Base.metadata, include_name=own)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
`,
  "migrations/script.py.mako": `revision = \${repr(up_revision)}
down_revision = \${repr(down_revision)}
import sqlalchemy as sa
from alembic import op
def upgrade():
    \${upgrades if upgrades else "pass"}
def downgrade():
    \${downgrades if downgrades else "pass"}
`,
  "migrations/versions/.keep": "",
  "app.py": `import sys
from alembic import command
from alembic.config import Config
from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, inspect
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()

class Author(Base):
    __tablename__ = "authors"
    id = Column(Integer, primary_key=True)
    name = Column(String(80), nullable=False, unique=True)
    books = relationship("Book", back_populates="author")

class Book(Base):
    __tablename__ = "books"
    id = Column(Integer, primary_key=True)
    title = Column(String, nullable=False, index=True)
    author_id = Column(ForeignKey("authors.id"), nullable=False)
    author = relationship("Author", back_populates="books")

def main(url):
    sys.modules["app"] = sys.modules["__main__"]
    config = Config()
    config.set_main_option("script_location", "migrations")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.revision(config, message="first", autogenerate=True)
    command.upgrade(config, "head")
    engine = create_engine(url, pool_size=3)
    with Session(engine) as one, Session(engine) as two:
        one.add(Author(name="Ann", books=[Book(title="A"), Book(title="B")]))
        one.commit()
        author = two.query(Author).filter_by(name="Ann").one()
        print([book.title for book in author.books])
    Book.year = Column(Integer)
    command.revision(config, message="year", autogenerate=True)
    command.upgrade(config, "head")
    columns = lambda: [column["name"] for column in inspect(engine).get_columns("books")]
    print(columns())
    command.downgrade(config, "-1")
    print(columns())
    command.downgrade(config, "base")
    print([name for name in inspect(engine).get_table_names() if name in ("authors", "books")])
    engine.dispose()

if __name__ == "__main__":
    main(sys.argv[1])
`,
};

/** What it prints: rows by way of the models, and the columns of a table after each migration. */
export const ALEMBIC_OUTPUT = `['A', 'B']
['id', 'title', 'author_id', 'year']
['id', 'title', 'author_id']
[]
`;
