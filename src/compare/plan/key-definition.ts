/** A name as PostgreSQL writes it, and several. */
export const NAME = String.raw`(?:[\w$]+|"(?:[^"]|"")+")`;
export const NAMES = `${NAME}(?:, ${NAME})*`;

/** As pg_get_constraintdef writes it. Others (WITHOUT OVERLAPS) are not made from an index of columns. */
export const KEY = new RegExp(
  String.raw`^(UNIQUE|PRIMARY KEY)( NULLS NOT DISTINCT)? \((${NAMES})\)( INCLUDE \([^)]*\))?( WITH \([^)]*\))?( DEFERRABLE(?: INITIALLY DEFERRED)?)?$`,
);
