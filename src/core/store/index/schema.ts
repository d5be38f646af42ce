/** Layout of index-*.db. Derived: a change here raises `indexLayout`, and files of another layout are rebuilt. */
import { ftsTokenizer } from '../../search/keyword-tokens.ts'

export const indexLayout = 'index/2'

/**
 * `first_chunk` and `chunks` of a text are a range: its rows are written in one transaction, so their ids are consecutive.
 * `prefix` is the part of the model's input that stands before the text; `input` is kept whole only where it ends otherwise.
 * keywords: positions of the text in `words`, tokens derived from them in `derived`. `frequent`: see refreshFrequent.
 */
export const indexSchema = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE texts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sha256 TEXT NOT NULL UNIQUE,
  title TEXT,
  first_chunk INTEGER NOT NULL,
  chunks INTEGER NOT NULL
) STRICT;

CREATE TABLE chunks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  text_id INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  char_start INTEGER NOT NULL,
  char_end INTEGER NOT NULL,
  overlap_chars INTEGER NOT NULL,
  page_start INTEGER,
  page_end INTEGER,
  pages TEXT,
  line_start INTEGER,
  line_end INTEGER,
  tokens INTEGER NOT NULL,
  truncated INTEGER NOT NULL,
  input_hash BLOB NOT NULL,
  headings TEXT NOT NULL,
  prefix TEXT,
  input TEXT,
  text TEXT NOT NULL
) STRICT;

CREATE VIRTUAL TABLE keywords USING fts5 (
  title, headings, words, derived,
  content='', contentless_delete=1, tokenize="${ftsTokenizer}"
);
INSERT INTO keywords (keywords, rank) VALUES ('secure-delete', 1);

CREATE TABLE frequent (term TEXT PRIMARY KEY, chunks INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`
